// Through which campaign is a place had, where it is not had without one?

/** @typedef {import('./api.js').Answer} Answer */

/**
 * Ask; where a campaign is needed, ask under each that there is until one lets them in.
 * @template {object} Body
 * @param {Body} body
 * @param {(body: Body & { campaign_id?: string }) => Promise<Answer>} askWith
 * @returns {Promise<Answer>} the last answer: whoever none lets in is told why the last does not
 */
export async function throughCampaigns(body, askWith) {
  let answer = await askWith(body);
  if (answer.code !== 'campaign_needed') return answer;
  for (const campaign_id of answer.body.campaign_ids) {
    answer = await askWith({ ...body, campaign_id });
    if (answer.code !== 'not_eligible') break;
  }
  return answer;
}
