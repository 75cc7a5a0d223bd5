// A browser with an authenticator: nid-webauthn-emulator behind HTTP. It signs for whichever
// origin it is told that it stands on, as a browser would for the page that it shows.

import { WebAuthnEmulator } from 'nid-webauthn-emulator';
import { json } from './json.mjs';
import { listen } from './listening.mjs';

const device = new WebAuthnEmulator();

const routes = json({
  'POST /create': ({ origin, options }) => [200, device.createJSON(origin, options)],
  'POST /get': ({ origin, options }) => [200, device.getJSON(origin, options)],
});

listen(() => routes);
