// What creel makes of a relay's NOTICE: its code decides and is put into words by the client; the relay's own words are
// shown where the code is unknown.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';
import { FakeRelay } from './lib/fake_relay.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { hello, note } from './lib/wire.mjs';

const UNAUTHORIZED = 1, NAME_TAKEN = 2, LIMIT = 6, NAME_FORBIDDEN = 12, OF_A_NEWER_RELAY = 99;
const TOKEN = `creel_${'5'.repeat(64)}`;

describe('a token for other tunnels', () => {
	let w, relay, told;
	before(async () => {
		w = new World();
		relay = await FakeRelay.start(w);
		relay.wss.on('connection', (ws) => ws.once('message', () => {
			ws.send(note('NOTICE', ...told));
			ws.close(1008, told[1]);
		}));
	});
	after(() => w?.close());
	const url = () => `http://127.0.0.1:${relay.port}`;
	const login = () => w.creel(['login', url(), '--config', w.fresh('config.ini')], { input: TOKEN + '\n' });

	for (const [name, code] of Object.entries({ NAME_FORBIDDEN, NAME_TAKEN }))
		it(`${name} in any words: login keeps the token, doctor says so`, async () => {
			told = [code, 'dieses Token ist nicht für diesen Namen'];
			const r = await login();
			assert.equal(r.code, 0, r.err);
			const d = await w.creel(['doctor', '--relay', url(), '--json'], { env: { CREEL_TOKEN: TOKEN } });
			const token = d.text.trim().split('\n').map((line) => JSON.parse(line)).flatMap((o) => o.checks ?? [o]).find((c) => c.name === 'token' || c.check === 'token');
			assert.equal(token.result, 'warn', d.text);
			assert.match(token.text, /is accepted, but for certain tunnels alone/);
		});

	it('another code with the words of that one: refused', async () => {
		told = [UNAUTHORIZED, 'this token may not hold a tunnel of that name'];
		const r = await login();
		assert.equal(r.code, 3, r.err);
		assert.match(r.err, /^creel: the relay \S+ refused: it does not know this token; /m);
		assert.doesNotMatch(r.err, /may not hold/);
	});

	it('a code of a newer relay: its own words, whole, and nothing of them reaches the terminal raw', async () => {
		told = [OF_A_NEWER_RELAY, '\x1b[2Jtoo busy; trying again tomorrow helps'];
		const r = await login();
		assert.equal(r.code, 3, r.err);
		assert.match(r.err, /^creel: the relay \S+ says: .*too busy; trying again tomorrow helps$/m);
		assert.ok(!r.err.includes('\x1b'));
		const c = await w.startClient({ relayUrl: url(), target: 1, args: ['--connect-timeout', '2s'], wait: false });
		await c.end();
		assert.match(c.err, /^creel: the tunnel was not online within 2s: .* says: .*too busy; trying again tomorrow helps$/m);
	});

	it('LIMIT: what to do is said, and the relay’s words are not', async () => {
		told = [LIMIT, 'zu viele'];
		const r = await login();
		assert.equal(r.code, 3, r.err);
		assert.match(r.err, /^creel: the relay \S+ takes no more now: .*; end another client, or wait/m);
		assert.doesNotMatch(r.err, /zu viele/);
	});

	it('creel listen stops for NAME_FORBIDDEN', async () => {
		told = [NAME_FORBIDDEN, 'not yours'];
		const c = await w.startClient({ relayUrl: url(), target: 1, name: 'shop', wait: false });
		assert.equal((await c.end()).code, 3);
		assert.match(c.err, /refused: this token may not hold a tunnel named shop; --name takes one/);
	});

	it('the relay tells a name beyond the token’s from one of another token', async () => {
		const data = w.path('data');
		const add = async (...args) => (await w.run('creel-relay', ['token', 'add', ...args, '--data', data])).text.trim();
		const [anna, bert] = [await add('anna'), await add('bert', '--tunnels', 'b*')];
		const real = await w.startRelay({ data });
		const code = async (token, tunnel) => {
			const t = await Tunnel.open(real.port, { token });
			t.ws.send(hello({ tunnel }));
			const { code } = await t.frame('NOTICE');
			await t.end();
			return code;
		};
		assert.equal(await code(bert, 'shop'), NAME_FORBIDDEN);
		const t = await Tunnel.online(real.port, 'b-shop', { token: anna });
		assert.equal(await code(bert, 'b-shop'), NAME_TAKEN);
		await t.end();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
