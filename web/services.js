// Which services does the page offer to look for?

import { has, t } from './words/language.js';

/** As Talon names them; a clinic may offer others too, which are then shown by that name. */
export const SERVICES = ['vaccination', 'clinic-visit', 'telemedicine-visit'];

/**
 * What people call a service.
 * @param {string} service
 */
export function serviceName(service) {
  return has(`service.${service}`) ? t(`service.${service}`) : service;
}
