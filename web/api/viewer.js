// How does the kept viewer come to show Talon's own document, to everybody who comes?

const viewer = document.getElementById("viewer");

// Fields that the viewer leaves without a name for those who hear the page instead of seeing it.
const NAMES = {
  ".examples-select-element": "Example",
  ".content-type": "Media type",
  ".body-param__text": "Body",
};

function nameFields() {
  for (const [selector, name] of Object.entries(NAMES)) {
    for (const field of viewer.querySelectorAll(`${selector}:not([aria-label])`)) {
      field.setAttribute("aria-label", name);
    }
  }
  // What scrolls must be reached by keyboard as well.
  for (const listing of viewer.querySelectorAll("pre:not([tabindex])")) {
    listing.tabIndex = 0;
  }
}

new MutationObserver(nameFields).observe(viewer, { childList: true, subtree: true });

// All of it is one origin, so there is no server to choose.
const withoutServers = { wrapComponents: { ServersContainer: () => () => null } };

window.SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#viewer",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  plugins: [withoutServers],
  // The viewer would otherwise ask a service on the Internet whether the document is valid.
  validatorUrl: "none",
});
