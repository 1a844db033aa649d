// The laptop is no way in: whatever a sender, an app or a resolver says, the client calls the targets that its user named,
// on this machine. A network of the test's own has an address that is not loopback, with a server that must hear nothing.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { enterNetns, hasNetns } from './lib/netns.mjs';

const OUTSIDE = '10.77.0.9';
const PORT = 3000;

/** Answers every request by `status` (and Location), and writes each one's target as a line of its output. */
const server = (address, status, location) => `
require('node:http').createServer((request, response) => {
	console.log(request.method + ' ' + request.headers.host + ' ' + request.url);
	response.writeHead(${status}, ${JSON.stringify(location ? { Location: location } : {})}).end('answered');
}).listen(${PORT}, '${address}', () => console.log('listening'));`;

describe('the laptop is no way in', { skip: hasNetns ? false : 'no network namespaces here' }, () => {
	const w = new World();
	const hosts = w.path('hosts');
	let outside, app, relay;

	const serve = async (...args) => {
		const p = w.spawn('node', ['-e', server(...args)]);
		await waitFor('the server', () => p.stdout.includes('listening'));
		return p;
	};
	const heard = (p) => p.stdout.toString().trim().split('\n').slice(1);
	const curl = async (target, ...more) => (await w.run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', '--path-as-is', '-d', 'x', ...more, `http://127.0.0.1:${relay.port}${target}`])).text;

	before(async () => {
		// A resolver that lies: the names of this machine lead elsewhere.
		writeFileSync(hosts, `${OUTSIDE} localhost localhost.localdomain app.test\n`);
		await enterNetns(w, [`${OUTSIDE}/24`], { hosts });
		relay = await w.startRelay();
		outside = await serve(OUTSIDE, 200);
		app = await serve('127.0.0.1', 307, `http://${OUTSIDE}:${PORT}/stolen`);
	});
	after(() => w.close());

	it('a resolver that says localhost is elsewhere is not followed there', async () => {
		await w.startClient({ relay, target: `http://localhost:${PORT}`, name: 'lied' });
		assert.match(await curl('/lied/x'), /^307 |^502 /);
		assert.deepEqual(heard(outside), []);
	});

	it('an app that redirects elsewhere: the sender is told, the client does not follow', async () => {
		await w.startClient({ relay, target: `http://127.0.0.1:${PORT}`, name: 'sent' });
		assert.equal(await curl('/sent/x'), `307 http://${OUTSIDE}:${PORT}/stolen`);
		await w.creelOut(['replay', '--last']).catch(() => {}); // exits by the answer
		assert.deepEqual(heard(outside), []);
	});

	it('no Host, target or field of a sender leads elsewhere', async () => {
		const calls = heard(app).length;
		for (const [target, ...more] of [
			[`/sent//${OUTSIDE}:${PORT}/x`], [`/sent/@${OUTSIDE}:${PORT}/x`], [`/sent/http://${OUTSIDE}:${PORT}/x`], ['/sent/..%2f..%2fx'],
			['/sent/x', '-H', `X-Forwarded-Host: ${OUTSIDE}:${PORT}`], ['/sent/x', '-H', `Forwarded: host=${OUTSIDE}:${PORT}`], ['/sent/x', '-H', `X-Original-URL: http://${OUTSIDE}:${PORT}/`],
		]) await curl(target, ...more);
		assert.deepEqual(heard(outside), []);
		assert.equal(heard(app).length, calls + 7, 'all of them reached the app that the user named');
		for (const line of heard(app)) assert.match(line, /^POST (127\.0\.0\.1|localhost):3000 \//);
	});

	for (const target of [`http://${OUTSIDE}:${PORT}`, 'http://app.test:3000', `http://[::ffff:${OUTSIDE}]:${PORT}`, 'http://167776265:3000', 'http://0x0a4d0009:3000', `http://127.0.0.1@${OUTSIDE}:${PORT}`]) {
		it(`a target elsewhere is refused unless --allow-remote-target says so: ${target}`, async () => {
			for (const args of [['listen', target, '--relay', `http://127.0.0.1:${relay.port}`], ['listen', '--route', `/a=${target}`, '--relay', `http://127.0.0.1:${relay.port}`], ['replay', '1', '--to', target]]) {
				const r = await w.creel(args);
				assert.ok([2, 5].includes(r.code), `${args}: ${r.code} ${r.err}`);
				assert.match(r.err, /^creel: \S.*/m);
			}
			assert.deepEqual(heard(outside), []);
		});
	}

	it('with --allow-remote-target it is the user\'s word', async () => {
		await w.startClient({ relay, target: `http://${OUTSIDE}:${PORT}`, name: 'far', args: ['--allow-remote-target'] });
		assert.match(await curl('/far/meant'), /^200/);
		assert.deepEqual(heard(outside), [`POST ${OUTSIDE}:${PORT} /meant`]);
		assert.ok(readFileSync(hosts, 'utf8').includes(OUTSIDE));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
