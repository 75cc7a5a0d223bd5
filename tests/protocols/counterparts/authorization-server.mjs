// An authorization server with the device flow of RFC 8628: oidc-provider, in memory.

import Provider, { errors } from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';
import { moves } from './clock.mjs';
import { listen } from './listening.mjs';

// What a device waits between two polls where the server names no interval (RFC 8628, 3.2).
const INTERVAL_MS = 5_000;
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

// When each device code was polled last.
const polled = new Map();

// The provider leaves to its store how often a code may be polled, and how long one that has
// expired is still known.
class Store extends MemoryAdapter {
  async find(id) {
    const found = await super.find(id);
    if (this.model === 'DeviceCode' && found && Provider.ctx.oidc.route === 'token') {
      const last = polled.get(id);
      polled.set(id, Date.now());
      if (last !== undefined && Date.now() - last < INTERVAL_MS) throw new errors.SlowDown();
    }
    return found;
  }

  async upsert(id, payload, expiresIn) {
    return super.upsert(id, payload, this.model === 'DeviceCode' ? undefined : expiresIn);
  }
}

const client = (client_id, how) => ({
  client_id,
  grant_types: [DEVICE_CODE],
  redirect_uris: [],
  response_types: [],
  ...how,
});

listen((base) => {
  const provider = new Provider(base, {
    adapter: Store,
    clients: [
      client('tv', { token_endpoint_auth_method: 'none' }),
      client('kiosk', {
        client_secret: 'kiosk-secret',
        token_endpoint_auth_method: 'client_secret_basic',
      }),
      client('desk', {
        client_secret: 'desk-secret',
        token_endpoint_auth_method: 'client_secret_post',
      }),
    ],
    features: { deviceFlow: { enabled: true } },
    routes: { device_authorization: '/device_authorization', token: '/token' },
    ttl: { DeviceCode: 600 },
  });
  const answer = provider.callback();
  return (request, response) => moves(request, response) || answer(request, response);
});
