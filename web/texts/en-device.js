// What does the page say in English of being told on a device?

/** @type {Record<string, import('../words/language.js').Text>} */
export default {
  'device.title': 'On this device',
  'device.why': 'This browser can tell you of changes and reminders while the page is closed. Whoever sees the screen can read when and where you are expected. It ends when you sign out.',
  'device.begin': 'Notify me on this device',
  'device.end': 'Do not notify me here any more',
  'device.on': 'You are notified on this device.',
  'device.denied': 'Your browser does not allow notifications from this site. You can allow them in its settings.',
  'device.no_service': 'This browser does not reach its notification service now. Try again later.',
  'device.count': {
    one: 'You are notified on {n} device.',
    other: 'You are notified on {n} devices.',
  },
};
