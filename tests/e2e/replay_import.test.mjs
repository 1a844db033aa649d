// An imported delivery was never sent anywhere: it goes to the app of the client that runs.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { World } from './lib/harness.mjs';
import { Receiver } from './lib/http.mjs';

it('a replay of what was never sent goes to the client’s app, and without a client says what to do', async () => {
	const w = new World();
	try {
		const env = { XDG_DATA_HOME: w.fresh('home') };
		const line = JSON.stringify({ received_at: '2026-11-23T13:42:00Z', method: 'POST', target: '/hook/1', tunnel: 'shop', request: { headers: [['Host', 'x']], body: 'one' } });
		assert.equal((await w.creel(['import', '-'], { input: line, env })).code, 0);
		let r = await w.creel(['replay', '1'], { env });
		assert.equal(r.code, 2);
		assert.match(r.err, /nothing is forwarding, and delivery 1 was never sent anywhere: start `creel listen PORT` or name the target with --to/);
		const app = w.keep(await Receiver.start()), relay = await w.startRelay();
		const c = await w.startClient({ relay, target: app.port, env });
		r = await w.creel(['replay', '1'], { env });
		assert.equal(r.code, 0, r.err);
		assert.equal(app.requests.length, 1);
		assert.match(String(app.requests[0].body), /one/);
		await c.stop('SIGINT');
		assert.equal((await w.creel(['replay', '1'], { env })).code, 2);
	} finally {
		await w.close();
	}
});
