// README.md's commands do what it says: they are taken out of it and run as they stand by a shell, on this machine. What is
// replaced is what a reader replaces (own). A new block, or a new line of the long one, is run as well, or it is named
// in ELSEWHERE with the reason.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hasNats } from './lib/cluster.mjs';
import { World, binDir, freePort, root } from './lib/harness.mjs';
import { Receiver } from './lib/http.mjs';
import { block, blocks } from './lib/readme.mjs';

const DAY = 'creel listen 3000 --relay ';
const FIRST = 'creel dev 3000 ';
const CI = 'set -e\n';
const OPTIONS = '[serve]\nlisten = [::]:443\n';
const BACKUP = 'sudo creel-relay backup ';
const TOKEN = 'sudo creel-relay token add ';
const CLUSTER = 'nats-server ';
const ELSEWHERE = {
	'make run ': 'installs packages; tests/run.sh runs make demo, which does the same, and make test is what runs this',
	'podman-compose ': 'needs podman and images: containers.test.mjs runs the same programs',
	'sender ': 'a drawing',
	'sudo apt-get update ': 'needs a fresh Debian: .packaging/try_relay.sh does it in one, acme.test.mjs goes from setup to the first webhook',
	'creel login https://hooks.': 'acme.test.mjs, with a certificate authority of its own',
};
const LINES_ELSEWHERE = { 'creel ui ': 'needs a terminal: inspector.test.mjs' };

const answer = (status, body) => `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('README.md', () => {
	let w, app, relay, env, id;
	before(async () => {
		w = new World();
		mkdirSync(w.path('src'));
		for (const provider of ['stripe', 'github']) writeFileSync(w.path(`${provider}.secret`), `secret-of-${provider}\n`);
		writeFileSync(w.path('on-webhook'), '#!/bin/sh\ncat >> on-webhook.json\n');
		chmodSync(w.path('on-webhook'), 0o755);
		app = w.keep(await Receiver.start({ answer: ({ target, body }, socket) => {
			const paid = /"amount_paid": ?(\d+)/.exec(body.toString())?.[1];
			socket.write(target === '/bad' ? answer(500, 'no') : answer(200, `got ${paid}`));
		} }));
		relay = await w.startRelay();
		env = { PATH: `${binDir}:${w.env.PATH}`, CREEL_RELAY: `http://127.0.0.1:${relay.port}`, PORT: String(app.port), EDITOR: 'true' };
	});
	after(() => w?.close());

	/** What a reader puts in their own place of. */
	const own = (command) => command.replaceAll('https://hooks.example.com', env.CREEL_RELAY).replaceAll(/\b3000\b/g, app.port).replaceAll(/\b42\b/g, id);
	const sh = (command, options) => w.run('sh', ['-c', command], { ...options, env: { ...env, ...options?.env } });
	const listen = async (line) => {
		const ready = w.fresh('ready');
		const p = w.spawn('sh', ['-c', `exec ${own(line)}`], { env: { ...env, CREEL_OUTPUT: 'json', CREEL_READY_FILE: ready } });
		p.kind = 'client';
		p.url = await w.fileFrom(p, ready);
		return p;
	};

	it('every block of code is run here, or it is known why not', () => {
		const known = [FIRST, DAY, CI, OPTIONS, TOKEN, BACKUP, CLUSTER, ...Object.keys(ELSEWHERE)];
		for (const beginning of known) block(beginning);
		assert.deepEqual(blocks().filter((b) => !known.some((beginning) => b.startsWith(beginning))), []);
	});

	it('the first webhook in 30 seconds', async () => {
		const [dev, trigger, list] = block(FIRST).split('\n');
		const ready = w.fresh('ready');
		const alone = { ...env, CREEL_RELAY: '', XDG_DATA_HOME: w.fresh('first'), CREEL_PORT: '0' };
		const p = w.spawn('sh', ['-c', `exec ${own(dev)}`], { env: { ...alone, CREEL_OUTPUT: 'json', CREEL_READY_FILE: ready } });
		p.kind = 'client';
		await w.fileFrom(p, ready);
		const sent = await w.run('sh', ['-c', trigger], { env: alone });
		assert.equal(sent.code, 0, sent.err);
		assert.match((await w.run('sh', ['-c', list], { env: alone })).text, / 200 .*invoice\.paid/);
		await p.stop('SIGINT');
	});

	it('a day with it', async () => {
		const [first, ...lines] = block(DAY).split('\n');
		const shop = await listen(first);
		assert.equal(shop.url, `${env.CREEL_RELAY}/shop`);
		await fetch(`${shop.url}/bad`, { method: 'POST', body: 'x' });
		assert.equal((await sh('creel trigger stripe.invoice.paid --secret @stripe.secret')).code, 0);
		({ id } = (await w.list()).at(-1));
		for (const beginning of Object.keys(LINES_ELSEWHERE)) assert.equal(lines.filter((line) => line.startsWith(beginning)).length, 1, beginning);
		for (const line of lines) {
			if (Object.keys(LINES_ELSEWHERE).some((beginning) => line.startsWith(beginning))) continue;
			if (line.startsWith('creel listen ')) {
				const p = await listen(line);
				assert.ok([200, 503].includes((await fetch(`${p.url}/hooks/github`, { method: 'POST', body: '{"a":1}' })).status)); // 503 is the bad weather's
				assert.equal((await p.stop('SIGINT')).code, 130, `${line}\n${p.err}`);
				p.checkSanitizers();
			} else {
				const { code, err } = await sh(own(line));
				assert.equal(code, 0, `${line}\n${err}`);
			}
		}
		assert.match(readFileSync(w.path('body.bin'), 'utf8'), /"type": "invoice.paid"/);
		assert.ok(JSON.parse(readFileSync(w.path('failed.har'))).log.entries.some((e) => e.response.status === 500));
		assert.ok(JSON.parse(readFileSync(w.path('on-webhook.json')).toString().split('\n')[0]).id);
	});

	it('in CI: it passes, and with an app that answers otherwise it does not', async () => {
		const passes = await sh(block(CI));
		assert.equal(passes.code, 0, passes.err);
		const delivery = JSON.parse(readFileSync(w.path('delivery.json')));
		assert.deepEqual([delivery.event_type, delivery.signature, delivery.status], ['invoice.paid', 'valid', 200]);
		const other = w.keep(await Receiver.start());
		assert.equal((await sh(block(CI), { env: { PORT: String(other.port) } })).code, 1);
	});

	it('the relay’s options and a token', async () => {
		writeFileSync(w.path('relay.ini'), block(OPTIONS));
		const data = w.path('var');
		const made = await sh(block(TOKEN).replace(/^sudo /, '').replace('/var/lib/creel-relay', data));
		assert.equal(made.code, 0, made.err);
		const guarded = await w.startRelay({ data, args: ['--config', w.path('relay.ini')] });
		const home = { XDG_CONFIG_HOME: w.fresh('config') };
		const login = await sh(`creel login http://127.0.0.1:${guarded.port}`, { env: home, input: made.text });
		assert.equal(login.code, 0, login.err);
		const p = await w.startClient({ relay: guarded, target: app.port, name: 'shop', env: home });
		assert.equal(p.url, 'https://hooks.example.com/shop');
		const [save, restore] = block(BACKUP).replaceAll('sudo ', '').replaceAll('/var/lib/creel-relay', data).replaceAll('/var/backups', w.dir).split('\n');
		const saved = await sh(save);
		assert.match(saved.text, /^Saved 1 token, 1 tunnel name and 0 webhooks that wait to /);
		await p.stop('SIGTERM');
		await guarded.stop('SIGTERM');
		assert.match((await sh(restore)).text, /^Restored 0 tokens, 0 tunnel names and 0 webhooks /);
	});

	it('many relays as one', { skip: hasNats ? false : 'nats-server is not installed' }, async () => {
		let script = own(block(CLUSTER));
		for (const port of ['4222', '8081', '8082']) script = script.replaceAll(port, String(await freePort()));
		const r = await sh(`${script}\nstatus=$?\njobs -p > pids\nkill $(cat pids)\nwait\nexit $status`, { cwd: w.dir, timeoutMs: 60_000, env: { XDG_DATA_HOME: w.fresh('cluster') } });
		assert.equal(r.code, 0, r.err);
		assert.match(r.text, /got/);
	});

	it('when something is wrong: what is quoted is what one sees', async () => {
		const symptom = (beginning) => {
			const rows = readFileSync(path.join(root, 'README.md'), 'utf8').split('\n').filter((line) => line.startsWith(`| ${beginning}`));
			assert.equal(rows.length, 1, beginning);
			return /"([^"]+)"|(not a database)/.exec(rows[0].split('|')[1]).slice(1).find(Boolean);
		};
		const port = await freePort();
		const small = await w.startRelay({ args: ['--spool-max-bytes', '2KiB'] });
		const p = await w.startClient({ relay: small, target: port, name: 'wrong', args: ['--wait-for-target', '0s'] });
		const seen = async (beginning, status, url, method = 'POST') => {
			const r = await fetch(url, { method, body: method === 'POST' ? 'x'.repeat(900) : undefined });
			assert.equal(r.status, status);
			if (beginning) assert.ok((await r.text()).includes(symptom(beginning).replace('3000', port)), beginning);
			return r;
		};
		await seen('`502`, "nothing is listening', 502, `${p.url}/x`);
		await seen('`404` "', 404, `http://127.0.0.1:${small.port}/wromg/x`);
		await p.stop('SIGINT');
		assert.ok((await seen(null, 202, `${p.url}/x`)).headers.has('creel-event-id'));
		await seen('`503` "The tunnel', 503, `${p.url}/x`, 'GET');
		await seen('`503` "its queue', 503, `${p.url}/x`);
		writeFileSync(w.path('damaged.db'), 'x'.repeat(5000));
		assert.ok((await w.creel(['list', '--db', w.path('damaged.db')])).err.includes(symptom('`creel: … not')));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
