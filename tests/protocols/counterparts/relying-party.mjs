// A relying party of WebAuthn: @simplewebauthn/server behind HTTP, with what the library leaves to
// whoever uses it: sessions, credentials, counters, and answers that are given once.

import { randomUUID } from 'node:crypto';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { moves } from './clock.mjs';
import { json } from './json.mjs';
import { listen } from './listening.mjs';

const rpName = 'Example';
const rpID = 'example.com';
const expectedOrigin = 'https://example.com';
const SESSION_MS = 120_000;

// By session id: what was asked of the device, and until when.
const sessions = new Map();
// By credential id: its key, its counter, its user.
const credentials = new Map();
// By idempotency key: the answer that was given.
const answered = new Map();

const of = (userName) => [...credentials.values()]
  .filter((known) => known.userName === userName)
  .map(({ id, transports }) => ({ id, transports }));

function opened(kind, userName, options) {
  const sessionID = randomUUID();
  const expires = Date.now() + SESSION_MS;
  sessions.set(sessionID, { kind, userName, challenge: options.challenge, expires });
  return [200, { sessionID, expiresAt: new Date(expires).toISOString(), options }];
}

// A session is for one response, whatever becomes of it.
function taken(kind, sessionID) {
  const session = sessions.get(sessionID);
  sessions.delete(sessionID);
  if (session?.kind !== kind) throw new Error(`no session ${sessionID} for ${kind}`);
  if (session.expires <= Date.now()) throw new Error(`session ${sessionID} has expired`);
  return session;
}

// The library throws where it does not verify: that is its verdict, and it is told as one.
async function verdict(verify) {
  try {
    return [200, await verify()];
  } catch (error) {
    return [200, { verified: false, reason: error.message }];
  }
}

const isResponse = ({ id, response }) => typeof id === 'string' && typeof response === 'object';
const malformed = [400, { error: 'a response has an id and a response' }];

// Whoever asks again with the same key gets the same answer, and the session is spent once.
const once = (route) => async (body, request) => {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return [400, { error: 'there is no Idempotency-Key' }];
  if (!answered.has(key)) answered.set(key, route(body));
  return answered.get(key);
};

async function registrationOptions({ userName }) {
  if (typeof userName !== 'string') return [400, { error: 'userName is not a string' }];
  const options = await generateRegistrationOptions({
    rpName,
    rpID,
    userName,
    excludeCredentials: of(userName),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  return opened('registration', userName, options);
}

async function registrationFinish({ sessionID, ...response }) {
  if (!isResponse(response)) return malformed;
  return verdict(async () => {
    const { challenge: expectedChallenge, userName } = taken('registration', sessionID);
    const expected = { expectedChallenge, expectedOrigin, expectedRPID: rpID };
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      ...expected,
    });
    if (!verified) return { verified, reason: 'the attestation does not verify' };
    const { credential } = registrationInfo;
    if (credentials.has(credential.id)) throw new Error('the credential is registered already');
    credentials.set(credential.id, { ...credential, userName });
    return { verified, credentialID: credential.id, userName };
  });
}

async function assertionOptions({ userName }) {
  const options = await generateAuthenticationOptions({
    rpID,
    allowCredentials: of(userName),
    userVerification: 'required',
  });
  return opened('assertion', userName, options);
}

async function assertionFinish({ sessionID, ...response }) {
  if (!isResponse(response)) return malformed;
  return verdict(async () => {
    const { challenge: expectedChallenge } = taken('assertion', sessionID);
    const credential = credentials.get(response.id);
    if (!credential) throw new Error(`no credential ${response.id}`);
    const expected = { expectedChallenge, expectedOrigin, expectedRPID: rpID };
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      credential,
      ...expected,
    });
    if (!verified) return { verified, reason: 'the signature does not verify' };
    credential.counter = authenticationInfo.newCounter;
    return { verified, credentialID: credential.id, userName: credential.userName };
  });
}

const routes = json({
  'POST /webauthn/registration/options': registrationOptions,
  'POST /webauthn/registration/verify': once(registrationFinish),
  'POST /webauthn/assertion/options': assertionOptions,
  'POST /webauthn/assertion/verify': once(assertionFinish),
});

listen(() => (request, response) => moves(request, response) || routes(request, response));
