// Verdicts are true: "valid" was checked here, over the bytes that are shown, at the time that is named. What is sent again
// is judged as what it is; whoever knows the secret signs anew, and the secret itself is in no file.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import twilio from 'twilio';
import { freePort, World } from './lib/harness.mjs';

const stripe = new Stripe('sk_test_none');
const BODY = JSON.stringify({ id: 'evt_1', type: 'invoice.paid', text: 'Zürich — 東京' }) + '\n';
const now = () => Math.floor(Date.now() / 1000);
const SECRETS = { stripe: 'whsec_' + randomBytes(24).toString('base64'), twilio: randomBytes(16).toString('hex'), gitlab: 'whsec_' + randomBytes(24).toString('base64'),
	linear: 'lin_wh_' + randomBytes(12).toString('hex') };
const DAY = 86400;

let w, app, calls, relay, client, base, knowing;
const file = (text) => {
	const name = w.fresh('secret');
	writeFileSync(name, text, { mode: 0o600 });
	return '@' + name;
};
const stripeFields = (at = now(), body = BODY) => ({ 'content-type': 'application/json', 'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret: SECRETS.stripe, timestamp: at }) });
const rows = async (db) => (await w.list(1000, { args: db ? ['--db', db] : [] }));
let marks = 0;
async function deliver(headers, body = BODY, to = '/hook') {
	const mark = `m${++marks}`;
	const r = await fetch(base + to, { method: 'POST', headers: { ...headers, 'x-mark': mark }, body });
	const [row] = (await w.creelOut(['list', '--json', `header:x-mark=${mark}`])).toString('utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
	return { row, status: r.status };
}
/** An app that checks as the provider's library does, and answers 400 to what that refuses. */
async function startApp() {
	calls = [];
	app = http.createServer(async (req, res) => {
		const pieces = [];
		for await (const piece of req) pieces.push(piece);
		const raw = Buffer.concat(pieces);
		let verified = null;
		try {
			if (req.headers['stripe-signature']) verified = !!stripe.webhooks.constructEvent(raw, req.headers['stripe-signature'], SECRETS.stripe);
		} catch (e) {
			verified = e.message;
		}
		calls.push({ url: req.url, headers: req.headers, raw, verified });
		res.writeHead(verified === null || verified === true ? 200 : 400).end(String(verified));
	});
	app.listen(0, '127.0.0.1');
	await once(app, 'listening');
	w.keep({ close: () => (app.closeAllConnections?.(), new Promise((r) => app.close(r))) });
}

before(async () => {
	w = new World();
	await startApp();
	relay = await w.startRelay();
	knowing = Object.entries(SECRETS).flatMap(([p, s]) => ['--secret', `${p}=${file(s)}`]);
	client = await w.startClient({ relay, target: app.address().port, name: 'judged', args: knowing });
	base = client.url;
});
after(() => w?.close());

describe('an import', () => {
	for (const format of ['ndjson', 'har']) {
		it(`${format}: its verdict is unknown until it was checked here, whatever the file says`, async () => {
			const { row } = await deliver(stripeFields());
			assert.equal(row.signature, 'valid');
			const bad = (await deliver({ ...stripeFields(), 'stripe-signature': `t=${now()},v1=${'0'.repeat(64)}` })).row;
			assert.equal(bad.signature, 'invalid');
			const plain = (await deliver({ 'content-type': 'text/plain' }, 'nothing of the kind')).row;
			const out = w.fresh('export'), db = w.fresh('db');
			await w.creelOut(['export', `id:${row.id}`, '--format', format, '-o', out + '1']);
			await w.creelOut(['export', `id:${bad.id}`, '--format', format, '-o', out + '2']);
			await w.creelOut(['export', `id:${plain.id}`, '--format', format, '-o', out + '3']);
			// One who wants it to be believed.
			writeFileSync(out + '2', readFileSync(out + '2', 'utf8').replaceAll('"invalid"', '"valid"'));
			writeFileSync(out + '3', readFileSync(out + '3', 'utf8').replaceAll('"none"', '"valid"'));
			for (const n of [1, 2, 3]) await w.creelOut(['import', out + n, '--db', db]);
			assert.deepEqual((await rows(db)).map((r) => r.signature), ['unknown', 'unknown', 'none']);
			assert.doesNotMatch((await w.creelOut(['list', '--db', db])).toString(), /valid/);
			const verify = (id, secret, ...more) => w.creel(['verify', String(id), '--secret', file(secret), '--db', db, ...more]);
			assert.equal((await verify(1, 'another')).code, 1);
			assert.equal((await verify(1, SECRETS.stripe, '--tolerance', '0')).code, 0);
			assert.equal((await verify(1, SECRETS.stripe, '--at', String(now()))).code, 0);
			assert.equal((await rows(db))[0].signature, 'unknown', 'neither another secret nor another moment is the row\'s');
			assert.equal((await verify(1, SECRETS.stripe)).code, 0);
			assert.equal((await verify(2, SECRETS.stripe)).code, 1);
			assert.deepEqual((await rows(db)).map((r) => r.signature), ['valid', 'unknown', 'none'], 'checked here, it is on the row');
			assert.match((await w.creelOut(['list', '--db', db])).toString(), /\(signature valid\)/);
			assert.equal((await verify(1, 'another')).code, 1);
			assert.equal((await rows(db))[0].signature, 'valid', 'a wrong secret takes nothing away');
		});

		it(`${format}: who sent it is what its bytes say, so that an old one is told before it is sent`, async () => {
			const { row } = await deliver(stripeFields(now() - 3000));
			const out = w.fresh('export'), db = w.fresh('db');
			await w.creelOut(['export', `id:${row.id}`, '--format', format, '-o', out]);
			const text = readFileSync(out, 'utf8');
			assert.match(text, /"_?provider": ?"stripe"/);
			for (const [i, word] of [[1, '"github"'], [2, 'null'], [3, '"stripe"']]) {
				writeFileSync(out + i, text.replace(/("_?provider": ?)"stripe"/, `$1${word}`));
				const own = db + i;
				await w.creelOut(['import', out + i, '--db', own]);
				assert.deepEqual((await rows(own)).map((r) => [r.provider, r.event_type, r.signature]), [['stripe', 'invoice.paid', 'unknown']], word);
				const r = await w.creel(['replay', '1', '--db', own, '--to', String(app.address().port)]);
				assert.match(r.err, /delivery 1 was signed 50m ago: stripe's libraries refuse after 5m; --resign/, word);
			}
		});

		it(`${format}: the prefix of the URL travels, so that who signs the URL can be checked`, async () => {
			const params = { From: '+4179', Body: 'Grüezi & ade=1' };
			const body = new URLSearchParams(params).toString();
			const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': twilio.getExpectedTwilioSignature(SECRETS.twilio, `${base}/sms?a=1`, params) };
			const { row } = await deliver(headers, body, '/sms?a=1');
			assert.equal(row.signature, 'valid');
			const out = w.fresh('export'), db = w.fresh('db'), old = w.fresh('db');
			await w.creelOut(['export', `id:${row.id}`, '--format', format, '-o', out]);
			await w.creelOut(['import', out, '--db', db]);
			const r = await w.creel(['verify', '1', '--secret', file(SECRETS.twilio), '--db', db]);
			assert.equal(r.code, 0, r.text + r.err);
			// Again out of the second store; and a file of a creel that did not write it.
			await w.creelOut(['export', 'id:1', '--format', format, '-o', out + '2', '--db', db]);
			await w.creelOut(['import', out + '2', '--db', old]);
			assert.equal((await w.creel(['verify', '1', '--secret', file(SECRETS.twilio), '--db', old])).code, 0);
			const without = readFileSync(out, 'utf8').replaceAll(/"prefix(_base64)?":\s*"[^"]*",?/g, '');
			assert.doesNotMatch(without, /prefix/);
			writeFileSync(out + '3', without);
			const third = w.fresh('db');
			await w.creelOut(['import', out + '3', '--db', third]);
			assert.equal((await rows(third)).length, 1);
		});

		it(`${format}: a redacted one says so, and its signature is not called wrong`, async () => {
			const { row } = await deliver({ ...stripeFields(), authorization: 'Bearer x' });
			const unsigned = (await deliver({ 'content-type': 'text/plain' }, 'plain')).row;
			const out = w.fresh('export'), db = w.fresh('db'), again = w.fresh('db'), old = w.fresh('db');
			await w.creelOut(['export', `id:${row.id},${unsigned.id}`, '--format', format, '--redact', '-o', out]);
			assert.doesNotMatch(readFileSync(out, 'utf8'), /v1=[0-9a-f]{64}/);
			await w.creelOut(['import', out, '--db', db]);
			const check = async (where) => {
				const all = await rows(where);
				assert.equal(all[0].signature, 'unknown');
				assert.equal(all[0].redacted, true);
				assert.equal(all[1].redacted, undefined, 'nothing was taken out of it');
				assert.match((await w.creelOut(['list', '--db', where])).toString().split('\n')[0], /\(redacted\)/);
				const r = await w.creel(['verify', '1', '--json', '--secret', file(SECRETS.stripe), '--db', where]);
				assert.equal(r.code, 1);
				const { signature, reason, why } = JSON.parse(r.text);
				assert.deepEqual([signature, reason, why], ['unknown', 'redacted', 'this delivery was redacted: its signature cannot be checked']);
				assert.equal((await rows(where))[0].signature, 'unknown');
			};
			await check(db);
			await w.creelOut(['export', 'id:1..', '--format', format, '-o', out + '2', '--db', db]);
			await w.creelOut(['import', out + '2', '--db', again]);
			await check(again);
			// A file of a creel that did not mark it.
			writeFileSync(out + '3', readFileSync(out, 'utf8').replaceAll(/"_?redacted":\s*true,?/g, '').replaceAll(/,(\s*})/g, '$1'));
			await w.creelOut(['import', out + '3', '--db', old]);
			await check(old);
			// Sent again it is what it is.
			const r = await w.creel(['replay', '1', '--to', String(app.address().port), '--secret', file(SECRETS.stripe), '--db', db]);
			assert.match(r.err, /^creel: delivery 1 was redacted: its signature is not there; --resign signs it again\n/);
			assert.doesNotMatch(r.text, /signature valid/);
			assert.equal((await rows(db)).at(-1).signature, 'invalid');
		});
	}
});

describe('a replay', () => {
	it('is judged as what it is, when it is sent, by the running client\'s secret', async () => {
		const fresh = (await deliver(stripeFields())).row;
		const r = await w.creel(['replay', String(fresh.id)]);
		assert.equal(r.code, 0, r.err);
		assert.equal(r.err, '', 'nothing is to be said of a fresh one');
		assert.match(r.text, /200 .*\(signature valid\) {2}\(replay of/);
		const changed = await w.creel(['replay', String(fresh.id), '--body', file('{"type":"other"}')]);
		assert.match(changed.text, /400 .*\(signature invalid\)/);
		const plain = await w.creel(['replay', String(fresh.id), '-H', 'Stripe-Signature:']);
		assert.doesNotMatch(plain.text, /signature/);
		assert.equal((await rows()).at(-1).signature, 'none');
	});

	it('of a signature that is too old: said before it is sent, and not valid', async () => {
		const { row, status } = await deliver(stripeFields(now() - 1330));
		assert.equal(status, 400);
		assert.equal(row.signature, 'invalid');
		calls.length = 0;
		const r = await w.creel(['replay', String(row.id)]);
		assert.equal(r.err, `creel: delivery ${row.id} was signed 22m ago: stripe's libraries refuse after 5m; --resign signs it again\n`);
		assert.equal(calls.length, 1);
		assert.match(calls[0].verified, /tolerance/);
		assert.match(r.text, /400 .*\(signature invalid\) {2}\(replay of/);
		// What was valid when it came is not when it is sent.
		const db = w.fresh('db');
		const at = now() - DAY;
		const line = JSON.stringify({ received_at: new Date(at * 1000).toISOString(), method: 'POST', target: '/hook', signature: 'valid', provider: 'stripe',
			request: { headers: [['Host', 'x'], ...Object.entries(stripeFields(at))], body: BODY } });
		await w.creelOut(['import', '-', '--db', db], { input: line });
		assert.equal((await w.creel(['verify', '1', '--secret', file(SECRETS.stripe), '--db', db])).code, 0);
		const old = await w.creel(['replay', '1', '--to', String(app.address().port), '--secret', file(SECRETS.stripe), '--db', db]);
		assert.match(old.err, /^creel: delivery 1 was signed 24h ago: stripe's libraries refuse after 5m; --resign signs it again\n$/);
		const unknown = await w.creel(['replay', '1', '--to', String(app.address().port), '--db', db]);
		assert.match(unknown.err, /--resign --secret stripe=@FILE signs it again\n$/);
		assert.deepEqual((await rows(db)).map((x) => x.signature), ['valid', 'invalid', 'unknown']);
	});

	it('the environment\'s secret, which names nobody, judges none of them', async () => {
		const { row } = await deliver({ 'content-type': 'application/json', 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` });
		await w.creelOut(['replay', String(row.id)], { env: { CREEL_SECRET: SECRETS.stripe } });
		assert.equal((await rows()).at(-1).signature, 'unknown');
	});

	it('of several one line says how many', async () => {
		const ids = [];
		for (const at of [now() - 4000, now() - 4000, now()]) ids.push((await deliver(stripeFields(at))).row.id);
		const plain = (await deliver({ 'content-type': 'text/plain' }, 'plain')).row.id;
		const r = await w.creel(['replay', ...ids.map(String), String(plain)]);
		assert.equal(r.err, 'creel: 2 of 4 deliveries were signed too long ago for their providers\' libraries; --resign signs them again\n');
		assert.deepEqual((await rows()).slice(-4).map((x) => x.signature), ['invalid', 'invalid', 'valid', 'none']);
	});

	it('--resign: by the running client, which knows the secret', async () => {
		const { row } = await deliver(stripeFields(now() - 1330));
		for (const more of [[], ['--to', String(app.address().port)], ['-H', 'X-A: 1'], ['--body', file('{"type":"x"}')]]) {
			calls.length = 0;
			const r = await w.creel(['replay', String(row.id), '--resign', ...more]);
			assert.equal(r.code, 0, r.err);
			assert.equal(r.err, '');
			assert.equal(calls.length, 1);
			assert.equal(calls[0].verified, true, more.join(' '));
			assert.match(r.text, /200 .*\(signature valid\) {2}\(replay of/);
		}
		// Of those who sign the time within the body, of GitLab, and several at once.
		const linear = JSON.stringify({ type: 'Issue', webhookTimestamp: (now() - 4000) * 1000 });
		const l = (await deliver({ 'content-type': 'application/json', 'linear-event': 'Issue', 'linear-signature': createHmac('sha256', SECRETS.linear).update(linear).digest('hex') }, linear)).row;
		const g = (await deliver({ 'content-type': 'application/json', 'x-gitlab-event': 'Push Hook', 'webhook-signature': 'v1,x', 'webhook-id': 'm1', 'webhook-timestamp': '1' }, BODY)).row;
		calls.length = 0;
		await w.creelOut(['replay', String(l.id), String(g.id), String(row.id), '--resign', '--times', '3', '--parallel', '4']);
		assert.equal(calls.length, 9);
		for (const c of calls) {
			if (c.headers['linear-signature']) {
				assert.equal(c.headers['linear-signature'], createHmac('sha256', SECRETS.linear).update(c.raw).digest('hex'));
				assert.ok(Math.abs(JSON.parse(c.raw).webhookTimestamp - Date.now()) < 60000);
			} else if (c.headers['webhook-signature']) {
				new StandardWebhook(SECRETS.gitlab).verify(c.raw.toString('utf8'), c.headers);
				assert.equal(c.headers['x-gitlab-token'], undefined);
			} else {
				assert.equal(c.verified, true);
			}
		}
		assert.deepEqual((await rows()).slice(-9).map((x) => x.signature), Array(9).fill('valid'));
	});

	it('--resign where nobody knows the secret: one sentence that names --secret, and nothing is sent', async () => {
		const github = (await deliver({ 'content-type': 'application/json', 'x-github-event': 'push', 'x-hub-signature-256': 'sha256=00' })).row;
		const { row } = await deliver(stripeFields());
		calls.length = 0;
		for (const [args, says] of [
			[[String(github.id)], `creel: delivery ${github.id} is github's, and its secret is not known: --secret github=@FILE\n`],
			// What the user names is what counts.
			[[String(row.id), '--secret', `github=${file('x')}`], `creel: delivery ${row.id} is stripe's, and its secret is not known: --secret stripe=@FILE\n`],
		]) {
			const r = await w.creel(['replay', ...args, '--resign']);
			assert.equal(r.code, 2);
			assert.equal(r.err, says);
		}
		assert.equal(calls.length, 0);
	});
});

describe('trigger', () => {
	it('signs by the running client\'s secret without its being given', async () => {
		calls.length = 0;
		let r = await w.creel(['trigger', 'stripe.invoice.paid']);
		assert.equal(r.code, 0, r.err);
		assert.equal(r.err, '');
		assert.equal(calls.at(-1).verified, true);
		assert.equal((await rows()).at(-1).signature, 'valid');
		// Straight to the app on this machine, on record with what was signed; a token of GitLab's never.
		r = await w.creel(['trigger', 'gitlab.push', '--to', String(app.address().port)]);
		assert.equal(r.code, 0, r.err);
		new StandardWebhook(SECRETS.gitlab).verify(calls.at(-1).raw.toString('utf8'), calls.at(-1).headers);
		assert.equal(calls.at(-1).headers['x-gitlab-token'], undefined);
		assert.deepEqual([(await rows()).at(-1).origin, (await rows()).at(-1).signature], ['trigger', 'valid']);
		r = await w.creel(['trigger', 'linear.issue']);
		assert.equal(r.code, 0, r.err);
		assert.equal(calls.at(-1).headers['linear-signature'], createHmac('sha256', SECRETS.linear).update(calls.at(-1).raw).digest('hex'));
	});

	it('of what nobody knows the secret of: the test secret, and says so; --secret goes first', async () => {
		let r = await w.creel(['trigger', 'github.push']);
		assert.match(r.err, /^creel: no --secret: signed with the test secret creel-test-secret\n$/);
		r = await w.creel(['trigger', 'stripe.invoice.paid', '--secret', file('whsec_other')]);
		assert.match(calls.at(-1).verified, /No signatures found matching/);
		assert.equal((await rows()).at(-1).signature, 'invalid');
	});

	it('what -H puts over the signature is not called valid', async () => {
		const r = await w.creel(['trigger', 'stripe.invoice.paid', '--to', String(app.address().port), '-H', 'Stripe-Signature: t=1,v1=00', '-H', 'X-A: 1']);
		assert.equal(r.code, 0, r.err);
		assert.equal((await rows()).at(-1).signature, 'unknown');
		await w.creelOut(['trigger', 'stripe.invoice.paid', '--to', String(app.address().port), '-H', 'X-A: 1']);
		assert.equal((await rows()).at(-1).signature, 'valid');
	});

	it('goes to no other machine with the client\'s secret', async () => {
		const port = await freePort();
		const r = await w.creel(['trigger', 'stripe.invoice.paid', '--to', `http://127.0.0.1.example.invalid:${port}/`]);
		assert.match(r.err, /test secret/);
	});
});

describe('the secret', () => {
	it('of the running client is in no file of it: names of providers are', async () => {
		const folder = path.join(w.env.XDG_DATA_HOME ?? path.join(w.env.HOME, '.local/share'), 'creel');
		assert.ok(existsSync(folder));
		let looked = 0;
		for (const name of readdirSync(folder)) {
			const all = readFileSync(path.join(folder, name));
			looked += all.length;
			for (const secret of Object.values(SECRETS)) assert.ok(!all.includes(secret), `${secret} is in ${name}`);
		}
		assert.ok(looked > 10000);
		const status = JSON.parse((await w.creelOut(['status', '--json'])).toString().split('\n')[0]);
		for (const secret of Object.values(SECRETS)) assert.ok(!JSON.stringify(status).includes(secret));
	});

	it('nobody is waited for who has ended: the client was killed', async () => {
		const { row } = await deliver(stripeFields(now() - 1330));
		client.signal('SIGKILL');
		await client.end();
		const begun = Date.now();
		const r = await w.creel(['replay', String(row.id), '--resign', '--to', String(app.address().port)]);
		assert.equal(r.code, 2);
		assert.match(r.err, /its secret is not known: --secret stripe=@FILE/);
		assert.ok(Date.now() - begun < 10000);
	});
});
