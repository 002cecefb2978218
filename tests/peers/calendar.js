// What does a calendar that was not written here make of our mails?
//
// Reads a JSON list of {method, text}, in the order in which they came, and answers with the entries that
// were seen and those that are left. Parsing, time zones and recurrence are ical.js's; which of two
// messages is the newer one is RFC 5546's: first SEQUENCE, then DTSTAMP.

'use strict';

const ICAL = require('ical.js');

const entries = new Map();
const seen = [];

for (const { method: said, text } of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const method = calendar.getFirstPropertyValue('method');
  if (method !== said) throw new Error(`the part says ${said}, the calendar ${method}`);
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
  for (const component of calendar.getAllSubcomponents('vevent')) take(method, new ICAL.Event(component));
}

function take(method, event) {
  const stamp = event.component.getFirstPropertyValue('dtstamp').toJSDate().getTime();
  const entry = {
    uid: event.uid,
    method,
    sequence: event.sequence,
    status: event.component.getFirstPropertyValue('status'),
    summary: event.summary,
    location: event.location,
    zone: event.startDate.zone.tzid,
    starts_at: event.startDate.toJSDate().toISOString(),
    ends_at: event.endDate.toJSDate().toISOString(),
    stamp,
  };
  seen.push(entry);
  const known = entries.get(event.uid);
  if (known && (known.sequence > entry.sequence || (known.sequence === entry.sequence && known.stamp > stamp))) {
    return;
  }
  entries.set(event.uid, entry);
}

const left = [...entries.values()].filter((entry) => entry.method !== 'CANCEL' && entry.status !== 'CANCELLED');
console.log(JSON.stringify({ seen, known: [...entries.keys()], left }));
