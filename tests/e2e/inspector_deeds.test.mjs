// What the inspector does with recorded deliveries, against a real app: replays, edited ones, copied and exported ones.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import validator from 'har-validator';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Receiver, field, post } from './lib/http.mjs';
import { Terminal } from './lib/tmux.mjs';

const creel = path.join(binDir, 'creel');
const run = promisify(execFile);
let w, app, relay, t;

before(async () => {
	w = new World();
	app = w.keep(await Receiver.start());
	relay = await w.startRelay();
});
afterEach(() => t?.close());
after(async () => {
	try {
		await w.endsCleanly();
	} finally {
		await w.close();
	}
});

async function listen(env = {}, args = []) {
	const home = w.fresh('home'), ready = w.fresh('ready');
	t = await Terminal.start({
		command: [creel, 'listen', String(app.port), '--relay', `http://127.0.0.1:${relay.port}`, '--ready-file', ready, ...args],
		env: {
			...Object.fromEntries(['HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'UBSAN_OPTIONS', 'ASAN_OPTIONS'].map((k) => [k, w.env[k]])),
			XDG_DATA_HOME: home,
			...env,
		},
	});
	t.home = home;
	t.url = await waitFor('the ready file', () => existsSync(ready) && readFileSync(ready, 'utf8').trim());
	await t.until(/ online /);
}

// One that came, as the app had it.
async function hook(name, body, headers = [], shown = `/${name}`) {
	const from = app.requests.length;
	await post(relay.port, `/${t.url.split('/').pop()}/${name}`, body, ['Content-Type: application/json', ...headers]);
	await t.until((s) => s.split('\n').some((l) => /200 +POST/.test(l) && l.includes(shown)));
	return app.requests[from];
}

const next = async (count) => {
	await waitFor('the app to be called', () => app.requests.length >= count);
	return app.requests[count - 1];
};

describe('the inspector', () => {
	it('sends one again, and several, byte for byte', async () => {
		await listen();
		const body = '{"n": 1.0, "s": "\\u00e9"}\n';
		const first = await hook('first', body);
		await hook('second', 'other');
		await t.keys('k');
		const count = app.requests.length;
		await t.keys('r');
		const again = await next(count + 1);
		assert.deepEqual(again.body, first.body);
		assert.equal(again.first, first.first);
		await t.until(/#1 -> #3 /);
		await t.until(/^ R- /m); // else j reaches the last row, and the next to arrive is followed
		await t.keys('m', 'j', 'm', 'r');
		await t.until(/replay 2 marked/);
		await t.keys('y');
		await next(count + 3);
		await t.until(/^ replayed .* 2\/2 {2}2 ok {2}0 failed/m);
		assert.deepEqual(app.requests.slice(-2).map((r) => r.body.toString()).sort(), [body, 'other'].sort());
		await t.keys('Enter');
		await t.until(/filter: is:replay id:>3/);
		await t.until((s) => s.split('\n').filter((l) => /^.{1,2}R/.test(l)).length === 2);
	});

	it('sends what comes from now on elsewhere: :target', async () => {
		await listen();
		await hook('before', 'one');
		const other = w.keep(await Receiver.start());
		await t.keys(':');
		await t.type(`target ${other.port}`);
		await t.keys('Enter');
		await t.until(new RegExp(`what comes from now on goes to http://localhost:${other.port}`));
		const count = app.requests.length;
		await post(relay.port, `/${t.url.split('/').pop()}/after`, 'two', []);
		await waitFor('the other app', () => other.requests.length === 1);
		assert.equal(other.requests[0].body.toString(), 'two');
		assert.equal(app.requests.length, count);
		await t.until(new RegExp(`localhost:${other.port}`)); // the title
		const db = path.join(t.home, 'creel', 'creel.db');
		await waitFor('creel status', async () => (await w.creel(['status', '--db', db])).text.includes(`localhost:${other.port}`));
		for (const [bad, says] of [['nonsense:', /PORT|port|URL/], ['http://192.0.2.1/', /--allow-remote-target|loopback|this machine/]]) {
			await t.keys(':');
			await t.type(`target ${bad}`);
			await t.keys('Enter');
			await t.until(says);
		}
		await t.keys('G', 'r'); // a replay goes there as well
		await waitFor('the replay', () => other.requests.length === 2);
	});

	it('names the delivery of several that could not be sent again', async () => {
		await listen();
		await hook('a', 'one');
		await hook('b', 'two');
		app.answer = (request, socket) => socket.destroy();
		try {
			await t.keys('m', 'k', 'm', 'r');
			await t.until(/replay 2 marked/);
			await t.keys('y');
			await t.until(/^ replayed .* 2\/2 {2}0 ok {2}2 failed/m);
			await t.until(/^ #[12]: \S/m);
		} finally {
			app.answer = null;
		}
	});

	it('sends one that was edited, its length right, the original untouched', async () => {
		await listen({ EDITOR: 'sed -i -e s/4900/1234567/ -e s/^X-Kind:.*/X-Kind:\\ edited/' });
		const first = await hook('pay', '{"amount":4900}', ['X-Kind: original']);
		const count = app.requests.length;
		await t.keys('e');
		const s = await t.until(/^ *\+ \{"amount":1234567\}/m);
		assert.match(s, /^ *\+ X-Kind: edited/m);
		await t.keys('s');
		const r = await next(count + 1);
		assert.equal(r.body.toString(), '{"amount":1234567}');
		assert.equal(field(r.lines, 'x-kind'), 'edited');
		assert.equal(field(r.lines, 'content-length'), '18');
		assert.equal(r.first, first.first);
		await t.until(/#1 -> #2 /);
		await t.keys('G', 'k', 'r');
		const again = await next(count + 2);
		assert.equal(again.body.toString(), '{"amount":4900}');
		assert.equal(field(again.lines, 'x-kind'), 'original');
		await t.until(/-> #3 /);
		await t.keys('f');
		await t.type('is:edited');
		await t.keys('Enter');
		await t.until((s) => s.split('\n').filter((l) => /^.{1,2}R/.test(l)).length === 1 && /^ #2 /m.test(s));
	});

	const rows = (s) => s.split('\n').filter((l) => /^.{4}\d\d:\d\d:\d\d /.test(l)).length;

	it('narrows while a filter is typed: Esc brings back what was there, Enter keeps; how many match is said', async () => {
		await listen();
		for (const n of ['one', 'two', 'two-b', 'three']) await hook(n, '{}');
		await t.until((s) => rows(s) === 4);
		await t.keys('f');
		await t.type('path:/*two*');
		await t.until((s) => rows(s) === 2 && /^ filter: path:\/\*two\* +2 matches$/m.test(s));
		await t.keys('BSpace', 'BSpace'); // "path:/*tw": nothing ends so
		await t.until((s) => rows(s) === 0 && /0 matches/.test(s));
		await t.keys('Escape');
		await t.until((s) => rows(s) === 4 && /^ filter: \(none\)/m.test(s));
		await t.keys('f');
		await t.type('path:/*three');
		await t.until((s) => rows(s) === 1 && / 1 match$/m.test(s));
		await t.keys('Enter');
		await t.until((s) => rows(s) === 1 && /^ filter: path:\/\*three /m.test(s) && /online.* 1 of 4$/m.test(s));
		// It is kept by one key, and found again.
		await t.keys('@');
		await t.until(/s +save {2}path:\/\*three/);
		await t.keys('s');
		await t.until(/saved: path:\/\*three/);
		await t.keys('Escape');
		await t.until((s) => rows(s) === 4);
		await t.keys('@', '1');
		await t.until((s) => rows(s) === 1 && /^ filter: path:\/\*three/m.test(s));
	});

	it('narrows to more like this and to what failed by one key, and back', async () => {
		await listen();
		await hook('a', '{}', ['X-GitHub-Event: push'], 'push');
		await hook('a', '{}', ['X-GitHub-Event: issues'], 'issues');
		await hook('a', '{}', ['X-GitHub-Event: push'], 'push');
		app.answer = (request, socket) => socket.write('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n');
		await post(relay.port, `/${t.url.split('/').pop()}/b`, '{}', ['Content-Type: application/json']);
		app.answer = null;
		await t.until((s) => rows(s) === 4);
		await t.keys('!');
		await t.until((s) => rows(s) === 1 && /status:4xx,5xx,err,timeout/.test(s));
		await t.keys('!');
		await t.until((s) => rows(s) === 4);
		await t.keys('g', '=');
		await t.until((s) => rows(s) === 2 && /^ filter: source:\S+ event:push path:\S*\/a /m.test(s));
		await t.keys('!');
		await t.until((s) => rows(s) === 0);
		await t.keys('Escape');
		await t.until((s) => rows(s) === 4 && /^ filter: \(none\)/m.test(s));
	});

	it('has the columns that are chosen, also the next time', async () => {
		await listen();
		await hook('one', '{}');
		await t.until(/^ {4}TIME +STAT METHOD SOURCE/m); // the usual ones
		await t.keys('o');
		await t.until(/m +\[x\] METHOD[\s\S]*i +\[ \] ID/);
		await t.keys('m');
		await t.until(/m +\[ \] METHOD/);
		await t.keys('i');
		await t.until(/i +\[x\] ID/);
		await t.keys('Escape');
		await t.until(/^ {4}ID +TIME +STAT SOURCE/m);
		await t.until(/^> . #1 +\d\d:/m);
		await t.keys('o', 'i', 'm', 'Escape'); // as it was
		await t.until(/^ {4}TIME +STAT METHOD SOURCE/m);
	});

	it('has an overview: what a row counts is shown in the list, Esc brings the list back', async () => {
		await listen();
		for (const n of ['one', 'two']) await hook(n, '{}', ['X-GitHub-Event: push'], 'push');
		app.answer = (request, socket) => socket.write('HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n');
		await post(relay.port, `/${t.url.split('/').pop()}/three`, '{}', ['Content-Type: application/json']);
		app.answer = null;
		await t.until((s) => rows(s) === 3);
		await t.keys('O');
		await t.until(/3 deliveries +1 failed \(33\.3 %\)[\s\S]*2xx .* 2$[\s\S]*5xx .* 1$[\s\S]*p50 [\s\S]*By provider[\s\S]*github/m);
		// It counts on while it is open.
		await post(relay.port, `/${t.url.split('/').pop()}/four`, '{}', ['Content-Type: application/json']);
		await t.until(/4 deliveries +1 failed \(25\.0 %\)/);
		await t.keys('Tab');
		await t.until(/By event [\s\S]*push /);
		await t.keys('j', 'Enter');
		await t.until((s) => rows(s) === 1 && /^ filter: status:5xx since:/m.test(s));
		await t.keys('Escape');
		await t.until((s) => rows(s) === 4 && /^ filter: \(none\)/m.test(s));
		await t.keys('O');
		await t.until(/4 deliveries[\s\S]*By provider/); // all of them are counted
		await t.keys('G');
		await t.until(/Largest/);
		await t.keys('Enter');
		await t.until(/^ creel {2}#\d /m);
		await t.keys('Escape');
		await t.until(/overview/);
		await t.keys('Escape');
		await t.until(/^ filter: \(none\)/m);
	});

	it('copies a curl that sends the same bytes', async () => {
		await listen();
		const body = `{"quote":"it's", "at":"@file", "dollar":"$HOME \`x\`", "nl":"\n"}`;
		const first = await hook('copied?a=1&b=%20[x]', body, ['X-Quote: it\'s "so"']);
		await t.keys('y', 'c');
		await t.until(/curl of #1 .*: to tmux's buffer/);
		const script = await t.tmux('save-buffer', '-');
		assert.match(script, /^curl /);
		const count = app.requests.length;
		await run('sh', ['-c', script]);
		const r = await next(count + 1);
		assert.equal(r.body.toString(), body);
		assert.equal(r.first, first.first);
		assert.equal(field(r.lines, 'x-quote'), 'it\'s "so"');
	});

	it('does not copy an empty body over what the clipboard holds', async () => {
		await listen();
		await hook('empty', '');
		await t.tmux('set-buffer', 'kept');
		await t.keys('y', 'b');
		await t.until(/body of #1 is empty: nothing was copied/);
		assert.equal(await t.tmux('save-buffer', '-'), 'kept');
		await t.keys('y', 'i');
		await t.until(/id of #1 .*: to tmux's buffer/);
	});

	it('writes files that were not there, for the user alone', async () => {
		await listen();
		await hook('file', 'the body');
		const file = w.fresh('body');
		await t.keys('x', 'b');
		await t.until(/write to: creel-1\.body/);
		await t.keys('C-u');
		await t.type(file);
		await t.keys('Enter');
		await t.until(/#1 is in /);
		assert.equal(readFileSync(file, 'utf8'), 'the body');
		assert.equal(statSync(file).mode & 0o777, 0o600);
	});

	it('writes a HAR that is one, of all that is marked', async () => {
		await listen();
		await hook('har/1', '{"a":1}');
		await hook('har/2?x=%20y', 'b\u0000\u00ff');
		const file = w.fresh('har');
		await t.keys('m', 'k', 'm', 'x', 'h');
		await t.until(/write to: /);
		await t.keys('C-u');
		await t.type(file);
		await t.keys('Enter');
		await t.until(/2 deliveries are in /);
		const har = JSON.parse(readFileSync(file, 'utf8'));
		await validator.har(har);
		assert.deepEqual(har.log.entries.map((x) => new URL(x.request.url).pathname.split('/').slice(-2).join('/')), ['har/1', 'har/2']);
		assert.equal(har.log.entries[0].response.status, 200);
	});

	const github = (secret, body) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

	it('judges what is sent again as what it is', async () => {
		const file = w.fresh('secret');
		writeFileSync(file, 'right-secret');
		await listen({ EDITOR: 'sed -i -e s/4900/5000/' }, ['--secret', `github=@${file}`]);
		const body = '{"amount":4900}';
		await hook('signed', body, ['X-GitHub-Event: push', `X-Hub-Signature-256: ${github('right-secret', body)}`], 'push');
		await t.keys('r');
		await t.until(/#1 -> #2 /);
		await t.until(/^.R\+ /m);
		await t.keys('e');
		await t.until(/^ *\+ \{"amount":5000\}/m);
		await t.keys('s');
		await t.until(/-> #3 /);
		await t.until((s) => s.split('\n').filter((l) => /^.R[+!-] /.test(l)).map((l) => l[2]).join('') === '+!');
	});

	it('says why a signature does not hold, and signs anew what was edited', async () => {
		const file = w.fresh('secret');
		writeFileSync(file, 'right-secret');
		await listen({ EDITOR: 'sed -i -e s/4900/5000/' }, ['--secret', `github=@${file}`]);
		const body = '{"amount":4900}';
		await hook('signed', body, ['X-GitHub-Event: push', `X-Hub-Signature-256: ${github('right-secret\n', body)}`], 'push');
		await t.keys('Enter');
		const s = await t.until(/\[invalid\]/);
		assert.match(s.replace(/\s+/g, ' '), /newline/);
		const count = app.requests.length;
		await t.keys('e');
		await t.until(/^ *\+ \{"amount":5000\}/m);
		await t.keys('r');
		const r = await next(count + 1);
		assert.equal(r.body.toString(), '{"amount":5000}');
		assert.equal(field(r.lines, 'x-hub-signature-256'), github('right-secret', '{"amount":5000}'));
		await t.until(/#1 -> #2 /);
	});

	it('keeps what was edited when it cannot be signed anew, with the words of creel verify on both', async () => {
		const file = w.fresh('secret');
		writeFileSync(file, 'right-secret');
		await listen({ EDITOR: 'sed -i -e s/4900/5000/' }, ['--secret', `github=@${file}`]);
		await hook('signed', '{ "amount": 4900 }', ['X-GitHub-Event: push', `X-Hub-Signature-256: ${github('right-secret', '{"amount":4900}')}`], 'push');
		const r = await w.creel(['verify', '1', '--json', '--secret', `github=@${file}`], { env: { XDG_DATA_HOME: t.home } });
		assert.equal(r.code, 1);
		const { why, reason } = JSON.parse(r.text);
		assert.equal(reason, 'body');
		await t.keys('Enter');
		const shown = (s) => s.replaceAll(/\s+/g, ' ').includes(`[invalid] ${why}`);
		await t.until(shown);
		await t.resize(50, 24);
		await t.until(shown);
		await t.resize(80, 24);
		// The same by creel ui alone, which has the secret, of what came while nobody had one.
		const listening = t, url = t.url;
		await listen();
		for (const body of ['{"amount":4900}', '{ "amount": 4900 }']) await hook('late', body, ['X-GitHub-Event: push', `X-Hub-Signature-256: ${github('right-secret', '{"amount":4900}')}`], 'push');
		await t.until(/^> - .*push/m);
		const late = t;
		t = await Terminal.start({ command: [creel, 'ui', '--secret', `github=@${file}`], env: { HOME: w.env.HOME, XDG_CONFIG_HOME: w.env.XDG_CONFIG_HOME, XDG_STATE_HOME: w.env.XDG_STATE_HOME, XDG_DATA_HOME: late.home } });
		await t.until(/^> .*push/m);
		await t.keys('Enter');
		await t.until(shown);
		await t.keys('[');
		await t.until(/\[valid\]/, { not: /invalid/ });
		await t.close();
		late.close();
		t = Object.assign(listening, { url });
		await t.keys('q');
		await hook('other', '{"amount":4900}', ['Stripe-Signature: t=1,v1=00']);
		const count = app.requests.length;
		await t.keys('G', 'e');
		await t.until(/send #2 edited/);
		await t.keys('r'); // is not offered
		const s = await t.until(/stripe's, and its secret is not known: --secret stripe=@FILE/);
		assert.match(s, /send #2 edited/);
		assert.match(s, /^ *\+ \{"amount":5000\}/m);
		assert.equal(app.requests.length, count);
	});

	it('offers to sign anew only where a secret is known, and says so whole at 80 columns', async () => {
		await listen({ EDITOR: 'sed -i -e s/4900/5000/' });
		await hook('unsigned', '{"amount":4900}');
		await hook('long', '{"amount":4900}', ['X-WC-Webhook-Topic: order.created', 'X-WC-Webhook-Signature: x'], 'order.created');
		const count = app.requests.length;
		await t.resize(80, 24);
		await t.keys('e');
		let s = await t.until(/^ *\+ \{"amount":5000\}/m);
		assert.match(s.replaceAll(/\s+/g, ' '), /woocommerce's, and its secret is not known: --secret woocommerce=@FILE/);
		assert.doesNotMatch(s, /re-sign and send/);
		await t.keys('r', 'Escape', 'k', 'e');
		s = await t.until(/no secret is known to sign with: --secret PROVIDER=@FILE/);
		assert.doesNotMatch(s, /re-sign and send/);
		await t.keys('r', 'Escape');
		await t.until(/nothing was sent/);
		assert.equal(app.requests.length, count);
	});

	it('of a signature that is too old it says so before it sends, and signs anew with the running client\'s secret', async () => {
		const file = w.fresh('secret');
		writeFileSync(file, 'whsec_x');
		const stripeAt = (at, body) => `t=${at},v1=${createHmac('sha256', 'whsec_x').update(`${at}.${body}`).digest('hex')}`;
		const holds = (r) => {
			const [, at, mark] = /^t=([0-9]+),v1=([0-9a-f]+)$/.exec(field(r.lines, 'stripe-signature'));
			return Math.abs(Date.now() / 1000 - at) < 300 && stripeAt(at, r.body) === `t=${at},v1=${mark}`;
		};
		await listen({}, ['--secret', `stripe=@${file}`]);
		const body = '{"type":"invoice.paid"}';
		await hook('old', body, [`Stripe-Signature: ${stripeAt(Math.floor(Date.now() / 1000) - 1320, body)}`], 'invoice.paid');
		// The same store in an inspector that has no secret of its own.
		const listening = t;
		t = await Terminal.start({ command: [creel, 'ui'], env: { HOME: w.env.HOME, XDG_CONFIG_HOME: w.env.XDG_CONFIG_HOME, XDG_STATE_HOME: w.env.XDG_STATE_HOME, XDG_DATA_HOME: listening.home } });
		await t.until(/^> .*invoice.paid/m);
		let count = app.requests.length;
		await t.keys('r');
		await t.until(/it was signed 22m ago: stripe's libraries refuse after 5m/);
		assert.equal(app.requests.length, count, 'nothing is sent before');
		await t.keys('r');
		assert.ok(holds(await next(count + 1)));
		await t.until(/#1 -> #2 /);
		await t.until(/^.R\+ /m);
		count = app.requests.length;
		await t.keys('g', 'r');
		await t.until(/send as it is/);
		await t.keys('s');
		assert.ok(!holds(await next(count + 1)));
		await t.until(/^.R! /m);
		await t.close();
		t = listening;
	});

	it('deletes for good what it was told to', async () => {
		await listen();
		await hook('gone', 'x');
		await hook('stays', 'y');
		await t.keys('k', ':');
		await t.type('delete');
		await t.keys('Enter');
		await t.until(/── delete #1 /);
		await t.keys('y');
		await t.until(/#1 is deleted/);
		await t.until(/\/stays/, { not: /\/gone/ });
	});
});
