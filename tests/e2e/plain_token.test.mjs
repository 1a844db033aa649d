// A token travels encrypted or to this machine alone: over plain http it is not sent beyond loopback, whatever the relay's
// name is spelled like, unless --allow-plain-token says so. Tried in namespaces of its own, where 10.9.8.7 is another
// machine and /etc/hosts says what names are.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, freePort, waitFor } from './lib/harness.mjs';

const TOKEN = 'creel_planted_77d1c0de';
// Takes every connection and tells what came on it; "/moved" is answered by a redirect.
const RECORDER = `
const net = require('node:net');
const tell = (o) => process.stdout.write(JSON.stringify(o) + '\\n');
const on = (socket) => {
	const at = socket.localAddress;
	tell({ at, connected: true });
	socket.on('data', (d) => {
		const text = d.toString('latin1');
		tell({ at, port: socket.localPort, text });
		if (text.includes('/moved/')) socket.end('HTTP/1.1 307 Moved\\r\\nLocation: http://127.0.0.1:' + other.address().port + '/elsewhere\\r\\nContent-Length: 0\\r\\n\\r\\n');
		else if (text.startsWith('HEAD')) socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n');
		else socket.end('HTTP/1.1 404 No\\r\\nContent-Length: 0\\r\\n\\r\\n');
	});
	socket.on('error', () => {});
};
const other = net.createServer(on).listen(0, '::', () => {
	const server = net.createServer(on).listen(0, '::', () => tell({ port: server.address().port }));
});
`;

describe('where a token goes', { skip: process.platform !== 'linux' && 'namespaces are of Linux' }, () => {
	let w, holder, port;
	before(async () => {
		w = new World();
		writeFileSync(w.path('hosts'), ['127.0.0.1 localhost home.test both.test', '10.9.8.7 relay.test localhost.evil.com 127.0.0.1.evil.com both.test', '::1 six.test', ''].join('\n'));
		holder = w.spawn('unshare', ['-Urnm', 'sh', '-c', 'ip link set lo up && ip addr add 10.9.8.7/32 dev lo && mount --bind "$1" /etc/hosts && exec "$2" -e "$3"',
			'sh', w.path('hosts'), process.execPath, RECORDER]);
		port = await waitFor(() => `the recorder\n${holder.err}`, () => {
			if (holder.result) throw new Error(`no namespaces: ${holder.err}`);
			return holder.events[0]?.port;
		});
	});
	after(() => w?.close());

	const inside = (program, args, options) => w.run('nsenter', ['-t', String(holder.pid), '-U', '-n', '-m', '--preserve-credentials', path.join(binDir, program), ...args], options);
	/** Runs a command against that relay, and gives what reached the recorder meanwhile. */
	async function tried(command, relay, { args = [], token = TOKEN, env = {}, cwd } = {}) {
		const from = holder.events.length;
		const list = { listen: ['listen', '9', '--relay', relay, '--connect-timeout', '700ms', '--output', 'lines'], login: ['login', relay, '--config', w.path('login.ini')], doctor: ['doctor', '--relay', relay] }[command];
		const r = await inside('creel', [...list, ...args], { cwd, env: { ...(token ? { CREEL_TOKEN: token } : {}), ...env }, input: command === 'login' && !token ? '\n' : undefined });
		const came = holder.events.slice(from);
		return { ...r, came, sent: came.filter((e) => e.text?.includes(TOKEN)) };
	}
	const url = (host) => `http://${host}:${port}`;

	for (const command of ['listen', 'login', 'doctor'])
		for (const host of ['10.9.8.7', 'relay.test', 'localhost.evil.com', '127.0.0.1.evil.com', ...(command === 'listen' ? ['[::ffff:10.9.8.7]'] : [])])
			it(`${command}: none to ${host}`, async () => {
				const r = await tried(command, url(host));
				assert.equal(r.code, 2, r.err + r.text);
				assert.match(r.err + r.text, /the token is not sent to http:\S+, which is not on this machine.*by https.*--allow-plain-token/);
				assert.deepEqual(r.sent, []);
				if (command !== 'doctor') assert.deepEqual(r.came, [], 'not even a connection');
				if (command !== 'doctor') assert.equal(r.err.trim().split('\n').length, 1, r.err);
			});

	for (const scheme of ['http', 'ws'])
		for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '[::1]', 'home.test', 'six.test', 'both.test', '[::ffff:127.0.0.1]'])
			it(`${scheme}: to ${host}, on this machine`, async () => {
				const r = await tried('listen', `${scheme}://${host}:${port}`);
				assert.equal(r.code, 3, r.err);
				assert.ok(r.sent.length > 0, JSON.stringify(r.came));
				assert.ok(r.came.every((e) => /^(::ffff:127\.|::1$)/.test(e.at)), JSON.stringify(r.came));
				assert.doesNotMatch(r.err, /clear/);
			});

	it('ws to another machine: none either', async () => {
		const r = await tried('listen', `ws://relay.test:${port}`);
		assert.equal(r.code, 2, r.err);
		assert.deepEqual(r.came, []);
	});

	it('--allow-plain-token: it goes, with one warning', async () => {
		for (const [command, how] of [['listen', { args: ['--allow-plain-token'] }], ['listen', { env: { CREEL_ALLOW_PLAIN_TOKEN: 'yes' } }], ['login', { args: ['--allow-plain-token'] }]]) {
			const r = await tried(command, url('relay.test'), how);
			assert.equal(r.code, 3, r.err);
			assert.ok(r.sent.length > 0 && r.sent.every((e) => e.at === '::ffff:10.9.8.7'), JSON.stringify(r.came));
			assert.equal(r.err.match(/the token goes to http:\S+ in clear/g)?.length, 1, r.err);
		}
		const d = await tried('doctor', url('relay.test'), { args: ['--allow-plain-token'] });
		assert.ok(d.sent.length > 0);
		assert.match(d.text, /^warn {2}relay .*not encrypted/m);
	});

	it('a whole tunnel with --allow-plain-token', async () => {
		const data = w.fresh('relay'), portFile = w.fresh('port'), ready = w.fresh('ready');
		const token = (await w.run('creel-relay', ['token', 'add', 'x', '--data', data])).text.match(/creel_\w+/)[0];
		const enter = ['-t', String(holder.pid), '-U', '-n', '-m', '--preserve-credentials'];
		const relay = w.spawn('nsenter', [...enter, path.join(binDir, 'creel-relay'), 'serve', '--listen', '10.9.8.7:0', '--public-url', 'http://relay.test', '--data', data, '--port-file', portFile]);
		const at = await w.fileFrom(relay, portFile);
		const client = w.spawn('nsenter', [...enter, path.join(binDir, 'creel'), 'listen', '9', '--relay', `http://${at}`, '--allow-plain-token', '--output', 'json', '--ready-file', ready], { env: { CREEL_TOKEN: token } });
		assert.match(await w.fileFrom(client, ready), /^http:\/\/relay\.test\//);
		client.kind = 'client';
		assert.equal((await client.stop('SIGINT')).code, 130);
		await relay.stop('SIGTERM');
	});

	it('a config of the user’s may allow it, a project’s may not', async () => {
		const folder = w.fresh('project'), config = w.fresh('config.ini');
		await w.run('mkdir', [folder]);
		writeFileSync(path.join(folder, 'creel.ini'), '[listen]\nallow-plain-token = yes\n[doctor]\nallow-plain-token = yes\n');
		for (const command of ['listen', 'doctor']) {
			const r = await tried(command, url('relay.test'), { cwd: folder });
			assert.equal(r.code, 2, r.err);
			assert.deepEqual(r.sent, []);
		}
		writeFileSync(config, '[listen]\nallow-plain-token = yes\n');
		assert.ok((await tried('listen', url('relay.test'), { args: ['--config', config] })).sent.length > 0);
	});

	it('no token: nothing to be refused', async () => {
		const r = await tried('listen', url('relay.test'), { token: null });
		assert.equal(r.code, 3, r.err);
		assert.ok(r.came.some((e) => e.text?.includes('/_creel/tunnel')), JSON.stringify(r.came));
		assert.ok(!r.came.some((e) => /authorization/i.test(e.text ?? '')));
	});

	it('a redirect takes nothing along', async () => {
		const r = await tried('listen', `${url('127.0.0.1')}/moved`);
		assert.ok(r.sent.length > 0);
		assert.ok(!r.came.some((e) => e.text?.includes('/elsewhere')), JSON.stringify(r.came));
	});

	it('through an http proxy a relay without TLS gets none, wherever the relay is', async () => {
		const asked = [];
		const proxy = net.createServer((socket) => socket.on('data', (d) => asked.push(d.toString('latin1'))).on('error', () => {}));
		await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
		const env = { CREEL_TOKEN: TOKEN, http_proxy: `http://127.0.0.1:${proxy.address().port}` };
		try {
			for (const host of ['hooks.test', '127.0.0.1']) {
				const r = await w.creel(['listen', '9', '--relay', `http://${host}:${port}`, '--connect-timeout', '500ms'], { env });
				assert.equal(r.code, 2, r.err);
				assert.match(r.err, /the token is not sent to \S+ through a proxy/);
			}
			assert.deepEqual(asked, []);
			// NO_PROXY takes it out, and then it is this machine's.
			const r = await w.creel(['listen', '9', '--relay', `http://127.0.0.1:${await freePort()}`, '--connect-timeout', '500ms'], { env: { ...env, NO_PROXY: '127.0.0.1' } });
			assert.equal(r.code, 3, r.err);
			const allowed = await w.creel(['listen', '9', '--relay', 'http://hooks.test', '--allow-plain-token', '--connect-timeout', '500ms'], { env });
			assert.equal(allowed.code, 3, allowed.err);
			assert.match(asked.join(''), /^CONNECT hooks\.test:80 /);
		} finally {
			proxy.close();
		}
	});

	it('a name that moves away later gets none any more', async () => {
		// The hosts file is bound into the namespace: it is written in place.
		const hosts = w.path('hosts'), kept = readFileSync(hosts, 'utf8');
		writeFileSync(hosts, `${kept}127.0.0.1 moving.test\n`);
		const ready = w.fresh('never');
		const p = w.spawn('nsenter', ['-t', String(holder.pid), '-U', '-n', '-m', '--preserve-credentials', path.join(binDir, 'creel'), 'listen', '9', '--relay', url('moving.test'), '--output', 'json', '--ready-file', ready], { env: { CREEL_TOKEN: TOKEN } });
		await waitFor('a try', () => p.err.includes('trying again') || p.events.some((e) => e.state === 'offline'));
		const from = holder.events.length;
		writeFileSync(hosts, `${kept}10.9.8.7 moving.test\n`);
		const end = await p.end();
		assert.equal(end.code, 2, p.err);
		assert.match(p.err, /the token is not sent to \S+, which is not on this machine/);
		assert.ok(!holder.events.slice(from).some((e) => e.at === '::ffff:10.9.8.7'), JSON.stringify(holder.events.slice(from)));
		writeFileSync(hosts, kept);
	});
});
