// A relay's name has several addresses, as many names have today: those that are dead hold up nobody. A network of the
// test's own has a device that swallows what is sent into it, and a hosts file that says what names are.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';
import { enterNetns, hasNetns } from './lib/netns.mjs';
import { makeDatedCertificate } from './lib/tls.mjs';

const REFUSES = '10.77.0.9', SILENT = '10.78.0.9', RELAY = '10.77.0.1', PORT = 8443;

describe('a relay’s name with several addresses', { skip: hasNetns ? false : 'no network namespaces here' }, () => {
	const w = new World();
	const names = {
		'one that refuses before it': ['refuses.test', REFUSES, RELAY],
		'one that refuses after it': ['after.test', RELAY, REFUSES],
		'one that is silent before it': ['silent.test', SILENT, RELAY],
		'IPv6 that leads nowhere before it': ['six.test', '2001:db8::9', RELAY],
		'all kinds before it': ['many.test', '2001:db8::9', SILENT, REFUSES, '10.77.0.10', RELAY],
	};
	let certificate;

	before(async () => {
		const hosts = w.path('hosts');
		const rows = [...Object.values(names), ['dead.test', SILENT, REFUSES], ['closed.test', REFUSES, '10.77.0.10'], ['nowhere.test', REFUSES, '2001:db8::9']];
		writeFileSync(hosts, ['127.0.0.1 localhost', ...rows.flatMap(([name, ...at]) => at.map((a) => `${a} ${name}`)), ''].join('\n'));
		await enterNetns(w, [REFUSES, RELAY, '10.77.0.10'].map((a) => `${a}/32`), { hosts });
		const made = await w.run('sh', ['-c', 'ip link add hole type veth peer name bottom && ip addr add 10.78.0.1/24 dev hole && ip link set hole up && ip link set bottom up && ip neigh add 10.78.0.9 lladdr 02:00:00:00:00:01 dev hole']);
		assert.equal(made.code, 0, made.err);
		const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\..*/g, '') + 'Z';
		certificate = makeDatedCertificate(w.dir, 'many', { start: day(-1), end: day(90), names: rows.map(([name]) => `DNS:${name}`).join(',') });
		const { data, token } = await w.makeData();
		w.env.CREEL_TOKEN = token;
		await w.startRelay({ data, listen: `${RELAY}:${PORT}`, args: ['--tls-cert', certificate.cert, '--tls-key', certificate.key] });
	});
	after(() => w.close());

	for (const [what, [name]] of Object.entries(names))
		it(what, async () => {
			const at = `https://${name}:${PORT}`, args = ['--ca', certificate.cert];
			const login = await w.creel(['login', at, '--config', w.fresh('config.ini'), ...args]);
			assert.equal(login.code, 0, login.err);
			const doctor = await w.creel(['doctor', '--json', '--relay', at, ...args]);
			const { checks } = JSON.parse(doctor.text);
			for (const name of ['dns', 'tcp', 'tls', 'token']) assert.equal(checks.find((c) => c.name === name).result, 'ok', doctor.text);
			const c = await w.startClient({ relayUrl: at, target: 1, name: 'named', db: w.fresh('db'), args: [...args, '--connect-timeout', '5s'] });
			assert.ok(!c.events.some((e) => e.type === 'state' && e.state === 'offline'), JSON.stringify(c.events));
			await c.stop('SIGINT');
		});

	it('where none takes the connection, what is said is true', async () => {
		for (const [name, words] of [
			['203.0.113.9', /no route leads to 203\.0\.113\.9; check whether this machine is online/],
			['[2001:db8::9]', /no route leads to 2001:db8::9; /],
			['closed.test', /nothing is listening on port 8444 of closed\.test/],
			['nowhere.test', /nothing is listening on port 8444 of nowhere\.test/],
			['dead.test', /nothing is listening on port 8444 of dead\.test|port 8444 of dead\.test did not take the connection within [\d.]+ s; /],
		]) {
			const at = `https://${name}:${PORT + 1}`;
			const login = await w.creel(['login', at, '--config', w.fresh('config.ini')]);
			assert.equal(login.code, 3);
			assert.match(login.err, words);
			const doctor = await w.creel(['doctor', '--relay', at]);
			assert.equal(doctor.code, 3);
			assert.match(doctor.text, words);
			const listen = await w.creel(['listen', '1', '--relay', at, '--db', w.fresh('db'), '--connect-timeout', '4s', '--output', 'lines']);
			assert.equal(listen.code, 3);
			assert.match(listen.err, words);
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
