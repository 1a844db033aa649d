// creel-relay status and tunnel: what a running relay says of itself, and the tunnels that its operator closes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { makeDatedCertificate } from './lib/tls.mjs';

describe('creel-relay status', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	const startApp = async (handler = (request, response) => response.end('ok')) => {
		const app = http.createServer(handler).listen(0, '127.0.0.1');
		await once(app, 'listening');
		w.keep({ close: () => (app.closeAllConnections(), app.close()) });
		return app.address().port;
	};
	const ask = (data, ...words) => w.run('creel-relay', [...words, '--data', data]);
	const status = async (data) => JSON.parse((await ask(data, 'status', '--json')).text);

	it('names the tunnels, who holds them, what waits and when a token was used; tunnel drop ends the client', async () => {
		const { data, token } = await w.makeData();
		const relay = await w.startRelay({ data });
		assert.equal((await status(data)).tokens[0].used, null);
		const app = await startApp();
		const client = await w.startClient({ relay, target: app, name: 'shop', env: { CREEL_TOKEN: token } });

		const first = await status(data);
		assert.equal(first.state, 'serving');
		assert.equal(first.url, `http://127.0.0.1:${relay.port}`);
		const [shop] = first.tunnels;
		assert.deepEqual([shop.name, shop.owner, shop.state, shop.clients, shop.seen, shop.waiting], ['shop', 'me', 'online', 1, null, 0]);
		assert.match(shop.peers[0], /^127\.0\.0\.1/);
		assert.ok(Math.abs(Date.parse(first.tokens[0].used) - Date.now()) < 60_000);
		assert.ok(!JSON.stringify(first).includes(token));

		const dropped = await ask(data, 'tunnel', 'drop', 'shop');
		assert.equal(dropped.code, 0, dropped.err);
		assert.equal((await client.end()).code, 3);
		assert.match(client.err + client.stdout, /operator closed it/);
		await waitFor(() => `the log to name the tunnel\n${relay.err}`, () => /event=tunnel_offline tunnel=shop owner=me reason="the relay's operator closed this tunnel"/.test(relay.err));
		const again = await ask(data, 'tunnel', 'drop', 'shop');
		assert.deepEqual([again.code, again.err], [1, 'creel-relay: no client holds the tunnel shop\n']);

		const answer = await fetch(`http://127.0.0.1:${relay.port}/shop/x`, { method: 'POST', body: 'later' });
		assert.equal(answer.status, 202);
		const away = (await status(data)).tunnels[0];
		assert.deepEqual([away.state, away.clients, away.waiting], ['away', 0, 1]);
		assert.ok(Date.parse(away.seen) > 0);
		const text = await ask(data, 'status');
		assert.match(text.text, /^serving http:.* since /);
		assert.match(text.text, /^shop +away +me .*last seen .* 1 delivery waits/m);
		assert.match(text.text, /^me +\* +1 tunnel name +last used /m);
		assert.match((await ask(data, 'tunnel', 'list')).text, /^shop +away/);
		assert.equal(JSON.parse((await ask(data, 'tunnel', 'list', '--json')).text)[0].name, 'shop');

		const back = await w.startClient({ relay, target: app, name: 'shop', env: { CREEL_TOKEN: token }, db: client.db });
		await waitFor('the delivery', async () => (await status(data)).waiting === 0);
		assert.equal((await back.stop('SIGTERM')).code, 0);
	});

	it('is a health check: 0 while the relay serves, 1 while it ends and when there is none', async () => {
		const none = await ask(w.path('nowhere'), 'status');
		assert.deepEqual([none.code, none.text], [1, '']);
		assert.match(none.err, /there is no data folder .*nowhere; name the one that/);
		let release;
		const held = new Promise((resolve) => (release = resolve));
		const app = await startApp((request, response) => held.then(() => response.end('ok')));
		const relay = await w.startRelay();
		await w.startClient({ relay, target: app, name: 'shop' });
		assert.equal((await ask(relay.data, 'status')).code, 0);
		const slow = fetch(`http://127.0.0.1:${relay.port}/shop/`);
		await waitFor('the request', async () => (await status(relay.data)).in_flight === 1);
		relay.signal('SIGTERM');
		const ending = await waitFor('the drain', async () => {
			const s = await ask(relay.data, 'status');
			return s.code !== 0 && s;
		});
		assert.deepEqual([ending.code, ending.err], [1, `creel-relay: the relay of ${relay.data} is ending\n`]);
		release();
		assert.equal((await slow).status, 200);
		assert.equal((await relay.end()).code, 0);
		const gone = await ask(relay.data, 'status');
		assert.equal(gone.code, 1);
		assert.match(gone.err, /no relay is running on .*; `creel-relay serve` starts one/);
	});

	it('says who issued the certificate and when it ends; one that has expired is no good health', async () => {
		const at = (days) => Date.now() + days * 86_400_000;
		const day = (days) => `${new Date(at(days)).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
		const start = async (name, from, to) => {
			const c = makeDatedCertificate(w.dir, name, { start: day(from), end: day(to) });
			const relay = await w.startRelay({ args: ['--tls-cert', c.cert, '--tls-key', c.key] });
			return { relay, data: relay.data };
		};
		const plain = await w.startRelay();
		assert.equal((await status(plain.data)).certificate, null);
		const good = await start('good-for-a-month', -1, 30);
		const { ends, issuer, expired } = (await status(good.data)).certificate;
		assert.ok(Math.abs(Date.parse(ends) - at(30)) < 60_000);
		assert.deepEqual([typeof issuer, expired], ['string', false]);
		const told = await ask(good.data, 'status');
		assert.match(told.text, new RegExp(`^certificate .*, until ${ends.slice(0, 10)} \\d\\d:\\d\\d:\\d\\dZ$`, 'm'));
		assert.doesNotMatch(good.relay.err, /certificate_date/);
		const soon = await start('soon', -1, 3.5);
		assert.match(soon.relay.err, /event=certificate_date .*it ends in 3 days: renew it, then send SIGHUP/);
		assert.equal((await ask(soon.data, 'status')).code, 0);
		const hours = await start('hours', -1, 0.2);
		assert.match(hours.relay.err, /event=certificate_date .*it ends in 4 hours: renew it/);
		const old = await start('old', -9, -2);
		const no = await ask(old.data, 'status');
		assert.deepEqual([no.code, no.err], [1, 'creel-relay: the relay\'s certificate has expired: renew it, then send SIGHUP\n']);
		assert.match(no.text, /^certificate .*, expired \d{4}-/m);
	});

	it('warns of a certificate that nears its end once a day, without a restart', { skip: process.platform !== 'linux' && 'moves the clock by LD_PRELOAD' }, async () => {
		// The clock on the wall, as many seconds ahead as a file says.
		writeFileSync(w.path('ahead.c'), `#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {
	char text[32] = "";
	int fd, r = (int)syscall(SYS_clock_gettime, id, t);
	if (id == CLOCK_REALTIME && (fd = (int)syscall(SYS_openat, AT_FDCWD, getenv("AHEAD"), O_RDONLY)) >= 0) {
		if (syscall(SYS_read, fd, text, sizeof text - 1) > 0) t->tv_sec += atol(text);
		syscall(SYS_close, fd);
	}
	return r;
}
time_t time(time_t *out) {
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (out) *out = t.tv_sec;
	return t.tv_sec;
}
`);
		const built = await w.run('cc', ['-shared', '-fPIC', '-o', w.path('ahead.so'), w.path('ahead.c')]);
		assert.equal(built.code, 0, built.err);
		const ahead = (days) => writeFileSync(w.path('ahead'), String(days * 86_400));
		ahead(0);
		const day = (days) => `${new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
		const c = makeDatedCertificate(w.dir, 'nears-its-end', { start: day(-1), end: day(9.5) });
		const relay = await w.startRelay({ args: ['--tls-cert', c.cert, '--tls-key', c.key], env: { LD_PRELOAD: w.path('ahead.so'), AHEAD: w.path('ahead'), ASAN_OPTIONS: `${w.env.ASAN_OPTIONS}:verify_asan_link_order=0` } });
		const said = () => [...relay.err.matchAll(/event=certificate_date .*(it ends in \d+ days?)/g)].map(([, text]) => text);
		assert.deepEqual(said(), []);
		for (const [days, want] of [[4, ['it ends in 5 days']], [4.5, ['it ends in 5 days']], [5.25, ['it ends in 5 days', 'it ends in 4 days']]]) {
			ahead(days);
			await waitFor('the warnings', () => said().length >= want.length);
			assert.deepEqual(said(), want);
		}
	});

	it('its socket is the owner’s alone, takes the place of a dead relay’s, and needs no short path', async () => {
		const data = path.join(w.dir, 'a'.repeat(100), 'b'.repeat(100));
		mkdirSync(data, { recursive: true });
		const relay = await w.startRelay({ data });
		const folder = readFileSync(path.join(data, 'control'), 'utf8').trim();
		assert.equal(statSync(path.join(data, 'control')).mode & 0o777, 0o600);
		assert.equal(statSync(folder).mode & 0o777, 0o700);
		assert.equal(statSync(path.join(folder, 'control.sock')).mode & 0o777, 0o600);
		relay.signal('SIGKILL');
		await relay.end();
		assert.equal((await ask(data, 'status')).code, 1);
		const again = await w.startRelay({ data });
		assert.ok(!existsSync(folder), 'what the dead one left is gone');
		assert.equal((await ask(data, 'status')).code, 0);
		// Whoever copies or searches the data folder can read all that is in it.
		for (const name of readdirSync(data)) readFileSync(path.join(data, name));
		const mine = readFileSync(path.join(data, 'control'), 'utf8').trim();
		again.signal('SIGTERM');
		await again.end();
		assert.deepEqual([existsSync(mine), existsSync(path.join(data, 'control'))], [false, false]);
	});

	it('its socket is in the service manager’s folder, or with the data where there is no other', async () => {
		const folder = w.fresh('runtime'), data = w.fresh('relay');
		mkdirSync(folder, { mode: 0o700 });
		await w.startRelay({ data, env: { RUNTIME_DIRECTORY: folder } });
		assert.ok(existsSync(path.join(folder, 'control.sock')));
		assert.equal((await ask(data, 'status')).code, 0);
		const none = w.fresh('relay');
		await w.startRelay({ data: none, env: { TMPDIR: '/nowhere' } });
		assert.ok(existsSync(path.join(none, 'control.sock')));
		assert.equal((await ask(none, 'status')).code, 0);
	});

	it('webhooks are served when there can be no socket', async () => {
		const data = w.fresh('relay');
		mkdirSync(data);
		writeFileSync(path.join(data, 'control.sock'), 'not a socket');
		const relay = await w.startRelay({ data, env: { TMPDIR: '/nowhere' } });
		assert.equal((await fetch(`http://127.0.0.1:${relay.port}/none`)).status, 404);
		assert.match(relay.err, /event=no_control/);
	});

	it('says what a wrong command line lacks', async () => {
		const relay = await w.startRelay();
		for (const words of [['tunnel'], ['tunnel', 'drop'], ['tunnel', 'list', 'x'], ['tunnel', 'drop', 'no name'], ['status', 'x'], ['tunnel', 'drop', 'nobody']])
			assert.equal((await ask(relay.data, ...words)).code, 2, words.join(' '));
	});
});
