// How does an SMSC that was not written here behave? As its next line of input says.
//
// `node smsc.js [port]` writes one JSON object a line of what it hears, and reads one a line of what
// to do: {"anew": true} to forget what was before, {"next": [...]} for the next submits, one word
// each ("ok" when there is none), or {"receipt": {...}}, {"text": {...}}, {"enquire": false}, {"raw": "00…"}, {"hang_up": true}.

'use strict';

const readline = require('readline');
const smpp = require('smpp');

const STATUS = {
  throttled: smpp.ESME_RTHROTTLED,
  queue_full: smpp.ESME_RMSGQFUL,
  no_such_number: smpp.ESME_RINVDSTADR,
  system_error: smpp.ESME_RSYSERR,
  vendor: 0x00000410,
};

const sessions = new Set();
let next = [];
let answersEnquiries = true;
let taken = 0;

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function onSubmit(session, pdu) {
  const how = next.shift() || 'ok';
  const id = `m${taken += 1}`;
  const { message, udh } = pdu.short_message;
  say({
    submit: id, how, text: message, udh: udh ? udh.map((each) => [...each]) : null,
    coding: pdu.data_coding, to: pdu.destination_addr, ton: pdu.dest_addr_ton,
    from: pdu.source_addr, from_ton: pdu.source_addr_ton, receipt: pdu.registered_delivery,
    valid: pdu.validity_period,
  });
  if (how === 'hang') return;
  if (how === 'reset') {
    session.socket.resetAndDestroy();
  } else if (STATUS[how]) {
    session.send(pdu.response({ command_status: STATUS[how] }));
  } else if (how === 'nack') {
    session.send(new smpp.PDU('generic_nack', {
      sequence_number: pdu.sequence_number, command_status: smpp.ESME_RINVCMDLEN,
    }));
  } else {
    if (how === 'receipt_first') deliver({ receipted_message_id: id, message_state: 2, esm_class: 4 });
    session.send(pdu.response({ message_id: id }));
  }
}

function deliver(fields) {
  const session = [...sessions].pop();
  session.deliver_sm(fields, (answer) => say({ answered: answer.command_status, of: fields }));
}

const tls = process.env.SMSC_KEY ? { key: process.env.SMSC_KEY, cert: process.env.SMSC_CERT } : {};

const server = smpp.createServer(tls, (session) => {
  session.on('error', (error) => say({ error: String(error) }));
  session.on('close', () => { sessions.delete(session); say({ closed: true }); });
  session.on('bind_transceiver', (pdu) => {
    const good = pdu.password === 'secret';
    say({ bind: pdu.system_id, good });
    session.send(pdu.response(good ? { system_id: 'peer' } : { command_status: smpp.ESME_RINVPASWD }));
    if (good) sessions.add(session);
  });
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('enquire_link', (pdu) => {
    say({ enquired: answersEnquiries });
    if (answersEnquiries) session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    say({ unbound: true });
    session.send(pdu.response());
    session.close();
  });
});

server.listen(Number(process.argv[2] || 0), '127.0.0.1', () => say({ port: server.address().port }));

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const told = JSON.parse(line);
  if (told.anew) {
    [next, taken, answersEnquiries] = [[], 0, true];
    sessions.forEach((session) => session.destroy());
  }
  if (told.next) next = told.next;
  if ('enquire' in told) answersEnquiries = told.enquire;
  if (told.receipt) deliver({ esm_class: 4, ...told.receipt });
  if (told.text) deliver({ esm_class: 0, ...told.text });
  if (told.raw) [...sessions].pop().socket.write(Buffer.from(told.raw, 'hex'));
  if (told.hang_up) sessions.forEach((session) => session.socket.resetAndDestroy());
  say({ told: true });
}).on('close', () => process.exit(0));
