// A certificate by itself: orders by uacme from pebble, a certificate authority of the test's own, and what is said when
// they fail. Mounts a list of trusted authorities for uacme, which only root can.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { hasNetns, enterNetns } from './lib/netns.mjs';

const there = (...programs) => programs.every((p) => (process.env.PATH + ':/usr/sbin').split(':').some((dir) => statSync(path.join(dir, p), { throwIfNoEntry: false })));
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const canOrder = hasNetns && process.getuid() === 0 && there('uacme', 'pebble', 'pebble-challtestsrv') && statSync(BUNDLE, { throwIfNoEntry: false });
const NAME = 'hooks.example.com';
const ORDER_MS = 60_000; // uacme asks every five seconds how an order is, and on a busy machine does so a few times

/** The events of that name in a relay's log, each with its keys. */
const events = (relay, name) => relay.err.split('\n').filter((line) => line.includes(` event=${name} `))
	.map((line) => Object.fromEntries([...line.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S*)/g)].map(([, key, value]) => [key, value.startsWith('"') ? JSON.parse(value) : value])));

describe('--acme', { skip: !canOrder && 'needs root, uacme and pebble' }, () => {
	let w, pebble;
	const ca = 'https://127.0.0.1:14000/dir';
	const openssl = (...args) => execFileSync('openssl', args, { cwd: w.dir, stdio: 'pipe' });
	const inside = (program, ...args) => w.run(program, args);
	const startPebble = async () => {
		pebble = w.spawn('pebble', ['-config', w.path('pebble.json'), '-dnsserver', '127.0.0.1:8053'], { env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0' } });
		await waitFor('pebble', async () => (await inside('curl', '-s', '--cacert', w.path('ca.pem'), ca)).code === 0);
	};
	const shown = async () => {
		const out = await inside('sh', '-c', `echo | openssl s_client -connect 127.0.0.1:443 -servername ${NAME} 2>/dev/null | openssl x509 -noout -issuer -serial`);
		return out.text.trim();
	};
	const dns = (what, body) => inside('curl', '-s', '-d', JSON.stringify(body), `http://127.0.0.1:8055/${what}`);

	before(async () => {
		w = new World();
		openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test', '-days', '2');
		openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'pebble.key', '-out', 'pebble.csr', '-subj', '/CN=localhost');
		writeFileSync(w.path('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
		openssl('x509', '-req', '-in', 'pebble.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'pebble.pem', '-days', '2', '-extfile', 'names');
		writeFileSync(w.path('bundle.pem'), readFileSync(w.path('ca.pem'), 'utf8') + readFileSync(BUNDLE, 'utf8'));
		writeFileSync(w.path('pebble.json'), JSON.stringify({ pebble: { listenAddress: '127.0.0.1:14000', managementListenAddress: '127.0.0.1:15000', certificate: w.path('pebble.pem'), privateKey: w.path('pebble.key'), httpPort: 80, tlsPort: 443, ocspResponderURL: '', certificateValidityPeriod: 12 } }));
		writeFileSync(w.path('hosts'), `127.0.0.1 localhost ${NAME}\n`);
		await enterNetns(w, [], { hosts: w.path('hosts') });
		assert.equal((await inside('mount', '--bind', w.path('bundle.pem'), BUNDLE)).code, 0);
		w.spawn('pebble-challtestsrv', ['-dns01', '127.0.0.1:8053', '-http01', '', '-https01', '', '-tlsalpn01', '', '-management', '127.0.0.1:8055', '-defaultIPv6', '']);
		await startPebble();
	});
	after(() => w?.close());

	const start = async (data, ...args) => {
		for (const p of w.processes) if (p.kind && !p.result) await p.stop('SIGKILL'); // a test's that failed
		return w.startRelay({ data, listen: '127.0.0.1:443', args: ['--acme', NAME, '--acme-mail', 'a@example.com', '--acme-url', ca, '--acme-listen', '127.0.0.1:80', ...args] });
	};
	const issued = (relay, n = 1) => waitFor(() => `the certificate\n${relay.err}`, () => events(relay, 'acme_issued').length >= n, ORDER_MS);

	it('is ordered at the start, and renewed a third before its end under load, with no connection dropped', async () => {
		const { data, token } = await w.makeData();
		// A client that a busy machine holds up for two seconds would have its GET refused, which is not what is asked here.
		const relay = await start(data, '--record-timeout', '120s', '--reply-timeout', '120s');
		await issued(relay);
		const first = await shown();
		assert.match(first, /Pebble/);
		for (const name of [`private/${NAME}/key.pem`, 'private/key.pem', 'self-signed.key']) assert.equal(statSync(path.join(data, 'acme', name)).mode & 0o077, 0, name);
		const root = await inside('curl', '-s', '--cacert', w.path('ca.pem'), 'https://127.0.0.1:15000/roots/0');
		writeFileSync(w.path('root.pem'), root.text);
		const client = await w.startClient({ relayUrl: `https://${NAME}`, name: 'shop', args: ['--answer', '200:ok', '--ca', w.path('root.pem')], env: { CREEL_TOKEN: token } });
		// Webhooks one after another on one kept connection, until the certificate has changed.
		writeFileSync(w.path('load.mjs'), `
import { existsSync } from 'node:fs';
import https from 'node:https';
const agent = new https.Agent({ keepAlive: true, maxSockets: 1 }), sockets = new Set(), statuses = [];
while (!existsSync('enough')) {
	const status = await new Promise((resolve) => {
		const request = https.get({ host: '127.0.0.1', servername: '${NAME}', path: '/shop/', headers: { host: '${NAME}' }, agent, rejectUnauthorized: false }, (answer) => answer.resume().on('end', () => resolve(answer.statusCode)));
		request.on('socket', (socket) => sockets.add(socket)).on('error', (error) => resolve(error.message));
	});
	statuses.push(status);
}
agent.destroy();
console.log(JSON.stringify({ sockets: sockets.size, count: statuses.length, bad: statuses.filter((s) => s !== 200) }));
`);
		const load = w.spawn(process.execPath, [w.path('load.mjs')]);
		await issued(relay, 2);
		await waitFor('another certificate', async () => (await shown()) !== first, ORDER_MS);
		writeFileSync(w.path('enough'), '');
		await load.end();
		const { sockets, count, bad } = JSON.parse(load.stdout.toString());
		assert.deepEqual([sockets, bad], [1, []], JSON.stringify(events(relay, 'refused')));
		assert.ok(count > 20, String(count));
		assert.equal(events(relay, 'tunnel_offline').length, 0);
		// Nothing of ours any more.
		assert.match((await inside('curl', '-s', '-i', 'http://127.0.0.1/.well-known/acme-challenge/none')).text, /^HTTP\/1.1 404/);
		assert.equal((await client.stop('SIGINT')).code, 130);
		assert.equal((await relay.stop('SIGTERM')).code, 0);
	});

	it('from creel-relay setup to the first webhook over TLS in a minute', async () => {
		const began = Date.now(), config = w.path('etc', 'relay.ini'), data = w.fresh('relay');
		for (const p of w.processes) if (p.kind && !p.result) await p.stop('SIGKILL');
		const setup = await w.run('creel-relay', ['setup', '--name', NAME, '--mail', 'a@example.com', '--config', config, '--data', data, '--listen', '127.0.0.1:443', '--acme-listen', '127.0.0.1:80', '--acme-url', ca, '--systemd', w.path('none')]);
		assert.equal(setup.code, 0, setup.err);
		const [login, token] = setup.text.trim().split('\n');
		assert.equal(login, `creel login https://${NAME}`);
		const relay = await w.startRelay({ data, listen: null, args: ['--config', config] });
		await issued(relay);
		writeFileSync(w.path('root.pem'), (await inside('curl', '-s', '--cacert', w.path('ca.pem'), 'https://127.0.0.1:15000/roots/0')).text);
		const trust = ['--ca', w.path('root.pem')];
		const home = { XDG_CONFIG_HOME: w.fresh('home'), XDG_DATA_HOME: w.fresh('home') };
		const logged = await w.run('creel', [...login.split(' ').slice(1), '--token', '@-', ...trust], { input: `${token}\n`, env: home });
		assert.equal(logged.code, 0, logged.err);
		const client = await w.startClient({ relayUrl: `https://${NAME}`, name: 'shop', args: ['--answer', '200:hello', ...trust], env: home });
		assert.equal((await inside('curl', '-s', ...['--cacert', w.path('root.pem')], '-d', 'x', `https://${NAME}/shop/hook`)).text, 'hello');
		assert.ok(Date.now() - began < 60_000);
		assert.equal((await client.stop('SIGINT')).code, 130);
		assert.equal((await relay.stop('SIGTERM')).code, 0);
	});

	it('is there by tls-alpn-01 where port 80 is off', async () => {
		const { data } = await w.makeData();
		const relay = await start(data, '--acme-listen', 'off');
		await issued(relay);
		assert.match(await shown(), /Pebble/);
		assert.equal((await relay.stop('SIGTERM')).code, 0);
	});

	it('a wildcard’s comes by the hook for DNS records', async () => {
		const { data } = await w.makeData();
		const hook = w.path('set-dns');
		writeFileSync(hook, `#!/bin/sh
[ "$1" = begin ] || exit 0
exec curl -s -d "{\\"host\\":\\"_acme-challenge.$3.\\",\\"value\\":\\"$5\\"}" http://127.0.0.1:8055/set-txt
`);
		chmodSync(hook, 0o755);
		const relay = await start(data, '--acme', NAME, '--acme', `*.${NAME}`, '--acme-hook', hook, '--domain', NAME);
		await issued(relay);
		const text = execFileSync('openssl', ['x509', '-in', path.join(data, 'acme', NAME, 'cert.pem'), '-noout', '-ext', 'subjectAltName'], { encoding: 'utf8' });
		assert.match(text, /DNS:\*\.hooks\.example\.com/);
		assert.equal((await relay.stop('SIGTERM')).code, 0);
	});

	it('wrong DNS is named; SIGHUP tries again at once; a forgotten account is made again; a CA that is down is named', async () => {
		const { data } = await w.makeData();
		await dns('add-a', { host: `${NAME}.`, addresses: ['127.0.0.77'] });
		const relay = await start(data);
		const failed = await waitFor('the failure', () => events(relay, 'acme_failed')[0], ORDER_MS);
		assert.equal(failed.cause, 'connection', relay.err);
		assert.match(failed.text, /do its A and AAAA records lead to this machine/);
		assert.ok(Date.parse(failed.next) > Date.parse(failed.ts) + 55_000 && Date.parse(failed.next) < Date.parse(failed.ts) + 80_000);
		assert.match(await shown(), /creel-relay/); // its own, until there is another
		await dns('clear-a', { host: `${NAME}.` });
		relay.signal('SIGHUP');
		await issued(relay);
		await pebble.stop('SIGTERM');
		await startPebble(); // it remembers nothing
		await issued(relay, 2); // the next renewal
		assert.equal(events(relay, 'acme_no_account').length, 1, relay.err);
		await pebble.stop('SIGTERM');
		const down = await waitFor('the failure', () => events(relay, 'acme_failed')[1], ORDER_MS);
		assert.equal(down.cause, 'unreachable');
		assert.match(await shown(), /Pebble/);
		assert.equal((await relay.stop('SIGTERM')).code, 0);
		await startPebble();
	});
});

describe('--acme with what a certificate authority may say', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	/** A relay whose uacme makes an account, and then says this and exits with 2. */
	const start = async (said, ...args) => {
		const bin = w.fresh('bin');
		execFileSync('mkdir', [bin]);
		writeFileSync(path.join(bin, 'said'), said);
		writeFileSync(path.join(bin, 'uacme'), `#!/bin/sh
echo "$@" >>'${bin}/calls'
case " $* " in *" new "*) mkdir -p "$2/private" && : >"$2/private/key.pem" && exit 0;; esac
cat '${bin}/said' >&2
exit 2
`);
		chmodSync(path.join(bin, 'uacme'), 0o755);
		const { data } = await w.makeData();
		const relay = await w.startRelay({ data, args: ['--acme', NAME, '--acme-listen', '127.0.0.1:0', ...args], env: { PATH: `${bin}:/usr/bin:/bin` } });
		const failed = await waitFor(() => `the failure\n${relay.err}`, () => events(relay, 'acme_failed')[0], ORDER_MS);
		return { relay, failed, calls: readFileSync(path.join(bin, 'calls'), 'utf8').trim().split('\n') };
	};
	const problem = (type, detail) => `uacme: failed\n{"type": "urn:ietf:params:acme:error:${type}",\n "detail": "${detail}", "status": 400}\n`;

	for (const [type, cause] of [['dns', 'dns'], ['caa', 'caa'], ['unauthorized', 'unauthorized'], ['rejectedIdentifier', 'rejected'], ['invalidContact', 'contact'], ['externalAccountRequired', 'external_account'], ['serverInternal', 'server'], ['badNonce', 'nonce'], ['somethingNew', 'other']])
		it(`${type}: the cause is ${cause}, with the authority’s own words`, async () => {
			const { failed } = await start(problem(type, 'in its own words'));
			assert.deepEqual([failed.cause, failed.detail, failed.level], [cause, 'in its own words', 'error']);
		});

	it('a rate limit is waited for as long as it says', async () => {
		const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 7200_000).toISOString();
		const { failed, calls } = await start(problem('rateLimited', `too many certificates (5) already issued, retry after ${until.slice(0, 10)} ${until.slice(11, 19)} UTC: see the page`));
		assert.equal(failed.cause, 'rate_limited');
		assert.ok(Date.parse(failed.next) >= Date.parse(until), failed.next);
		assert.equal(calls.length, 2);
	});

	it('an account that is not known twice is no loop', async () => {
		const { failed, calls } = await start(problem('accountDoesNotExist', 'unknown'), '--acme-mail', 'a@example.com', '--acme-url', 'https://ca.example/dir');
		assert.equal(failed.cause, 'no_account');
		assert.match(calls[0], / -a https:\/\/ca\.example\/dir -y new a@example\.com$/);
		assert.equal(calls.length, 2);
	});

	it('without uacme it says which package has it', async () => {
		const { data } = await w.makeData();
		const r = await w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--acme', NAME, '--data', data], { env: { PATH: w.dir } });
		assert.deepEqual([r.code, r.err.trim().split('\n').at(-1)], [3, 'creel-relay: --acme needs the program uacme: install the package uacme (Debian: sudo apt-get install uacme)']);
	});

	it('what cannot be is refused before anything is done', async () => {
		for (const [args, sentence] of [
			[['--acme', 'localhost'], /is not a host name/],
			[['--acme', `*.${NAME}`], /write the name itself first/],
			[['--acme', NAME, '--acme', `*.${NAME}`], /needs --acme-hook/],
			[['--acme', NAME, '--tls-cert', 'x', '--tls-key', 'y'], /give one of them/],
			[['--acme-mail', 'a@example.com'], /need --acme NAME/],
		]) {
			const r = await w.run('creel-relay', ['serve', ...args]);
			assert.equal(r.code, 2);
			assert.match(r.err, sentence);
		}
		const open = await w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--acme', NAME, '--data', w.fresh('relay')]);
		assert.equal(open.code, 2);
		assert.match(open.err, /--acme opens port 80: make a token/);
		const hook = await w.run('creel-relay', ['begin', 'x']);
		assert.equal(hook.code, 2);
	});
});
