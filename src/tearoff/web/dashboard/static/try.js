// Swagger UI over this server's own description of itself. Nothing is stored and nobody else is
// asked; what is typed in is gone with the page.

/* global SwaggerUIBundle */
const place = document.getElementById("try");

function show(description) {
  // One pair of headers is enough to type in; the other says the same.
  const { key, key_secret } = description.components.securitySchemes;
  description.components.securitySchemes = {
    key: { ...key, description: "The client id of your API key." },
    key_secret: { ...key_secret, description: "The secret that was shown when the key was made." },
  };
  description.security = [{ key: [], key_secret: [] }];
  description.tags = description.tags.filter((tag) => tag.name !== "Events");
  delete description.webhooks;
  const ui = SwaggerUIBundle({
    spec: description,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    filter: true,
    tryItOutEnabled: true,
    persistAuthorization: false,
    queryConfigEnabled: false,
    validatorUrl: null,
    requestInterceptor: (request) => ({ ...request, credentials: "omit" }),
    onComplete() {
      if (place.dataset.client) ui.preauthorizeApiKey("key", place.dataset.client);
    },
  });
}

try {
  const answer = await fetch("/openapi.json", { credentials: "omit" });
  show(await answer.json());
} catch (error) {
  place.textContent = place.dataset.failed;
  throw error;
}
