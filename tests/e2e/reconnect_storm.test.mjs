// A relay that starts again while all its clients are there: they come back in the same moment, more than may be in their
// handshake at once, and each is online again soon, while a sender is answered. `make attack` has 2,000 of them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';
import { Tunnel } from './lib/tunnel.mjs';

const FULL = process.env.CREEL_ATTACK === '1';
const PER_ADDRESS = 100;
const [FIRST_WAIT_MS, MOST_WAIT_MS] = [250, 15_000]; // as creel's (client/watch/backoff.h)

for (const [kind, count] of [['plain', FULL ? 2000 : 600], ['TLS', FULL ? 2000 : 300]])
	describe(`${count} clients at once, ${kind}`, () => {
		const w = new World();
		let relay, tunnels, args;
		before(async () => {
			const { cert, key } = makeCertificate(w.dir);
			args = kind === 'TLS' ? ['--tls-cert', cert, '--tls-key', key] : [];
			relay = await w.startRelay({ args });
		});
		after(async () => {
			tunnels?.forEach((t) => t.ws.terminate());
			await w.close();
		});

		/** Online, with a wait after each failure that grows as creel's does: { tunnel, tries, ms }. */
		async function comeOnline(n) {
			const options = { secure: kind === 'TLS', localAddress: `127.0.8.${1 + Math.floor(n / PER_ADDRESS)}` };
			const started = performance.now();
			for (let tries = 1, wait = FIRST_WAIT_MS; ; tries++, wait = Math.min(2 * wait, MOST_WAIT_MS)) {
				try {
					const tunnel = await Tunnel.online(relay.port, `storm-${n}`, options);
					return { tunnel, tries, ms: performance.now() - started };
				} catch {
					await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
				}
			}
		}
		const all = () => Promise.all(Array.from({ length: count }, (_, n) => comeOnline(n)));

		it('are online, and once the relay has started again, all of them again, soon', async (t) => {
			tunnels = (await all()).map((o) => o.tunnel);
			await relay.stop('SIGTERM');
			await waitFor('all to be gone', () => tunnels.every((o) => o.over));
			relay = await w.startRelay({ args, data: relay.data, port: relay.port });
			let webhooks = 0, going = true;
			const sender = (async () => {
				while (going) {
					assert.equal((await post(relay.port, '/nobody/x', 'hello')).status, 404);
					webhooks++;
					await new Promise((resolve) => setTimeout(resolve, 50));
				}
			})();
			const came = await all();
			going = false;
			await sender;
			tunnels = came.map((o) => o.tunnel);
			const times = came.map((o) => o.ms).sort((a, b) => a - b);
			t.diagnostic(`${count} clients, ${kind}: all online again after ${(times.at(-1) / 1000).toFixed(1)} s, half of them after ${(times[count >> 1] / 1000).toFixed(1)} s, `
				+ `at most ${Math.max(...came.map((o) => o.tries))} tries; ${webhooks} senders answered meanwhile`);
			assert.ok(times.at(-1) < 60_000, `the last took ${times.at(-1)} ms`);
			assert.ok(webhooks > 0);
			assert.ok(tunnels.every((o) => !o.over), 'and none was lost again');
		});

		it('each gets its own webhook', async () => {
			for (let n = 0; n < count; n += 50) {
				const hooks = tunnels.slice(n, n + 50).map((t, k) => post(relay.port, `/storm-${n + k}/x`, `${n + k}`));
				for (const t of tunnels.slice(n, n + 50)) t.answer(await t.request());
				for (const [k, answer] of (await Promise.all(hooks)).entries()) {
					assert.equal(answer.status, 200);
					assert.equal(tunnels[n + k].requests[0].bytes, `${n + k}`);
				}
			}
		});

		it('the relay ended cleanly', () => w.endsCleanly());
	});
