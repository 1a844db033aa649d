// The providers' own libraries sign on one side of the tunnel and verify in an app behind it (the ordinary way a handler
// does it). Each has a control: the same call with one byte of the body changed must fail, or the test proves nothing.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { sign as githubSign, verify as githubVerify } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';
import { World } from './lib/harness.mjs';

const BODY = JSON.stringify({ id: 'evt_1', text: 'Zürich — 東京 \u{1f980}', amount: 4200.5, nested: { a: [1, 2, 3], slash: '\\/' } }, null, 1) + '\n';
const stripe = new Stripe('sk_test_none');
const stripeSecret = 'whsec_' + randomBytes(24).toString('base64');
const svixSecret = 'whsec_' + randomBytes(24).toString('base64');
const githubSecret = 'it is a secret to everybody';
const twilioToken = randomBytes(16).toString('hex');

describe('signatures of the official libraries', () => {
	let w, app, appPort, base;
	const verdicts = [];

	const verifiers = {
		'/stripe': (raw, h) => stripe.webhooks.constructEvent(raw, h['stripe-signature'], stripeSecret),
		'/github': async (raw, h) => {
			if (!(await githubVerify(githubSecret, raw.toString('utf8'), h['x-hub-signature-256']))) throw new Error('signature does not match');
		},
		'/svix': (raw, h) => new SvixWebhook(svixSecret).verify(raw, h),
		'/standard': (raw, h) => new StandardWebhook(svixSecret).verify(raw.toString('utf8'), h),
		// Twilio signs the URL the sender called: the app knows it from its configuration, here from the tunnel's.
		'/twilio': (raw, h, url) => {
			const params = Object.fromEntries(new URLSearchParams(raw.toString('utf8')));
			if (!twilio.validateRequest(twilioToken, h['x-twilio-signature'], base + url, params)) throw new Error('signature does not match');
		},
		'/twilio-json': (raw, h, url) => {
			if (!twilio.validateRequestWithBody(twilioToken, h['x-twilio-signature'], base + url, raw.toString('utf8'))) throw new Error('signature does not match');
		},
	};

	before(async () => {
		w = new World();
		app = http.createServer(async (req, res) => {
			const pieces = [];
			for await (const piece of req) pieces.push(piece);
			const rawBody = Buffer.concat(pieces);
			try {
				await verifiers[new URL(req.url, 'http://x').pathname](rawBody, req.headers, req.url);
				res.writeHead(200).end('verified');
			} catch (error) {
				res.writeHead(400).end(`refused: ${error.message}`);
			}
		});
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		appPort = app.address().port;
		w.keep({ close: () => (app.closeAllConnections?.(), new Promise((r) => app.close(r))) });
		const relay = await w.startRelay();
		base = (await w.startClient({ relay, target: appPort, name: 'signed' })).url;
	});
	after(() => w?.close());

	async function deliver(path, headers, body) {
		const res = await fetch(base + path, { method: 'POST', headers, body });
		verdicts.push(`${res.status} ${await res.text()}`);
		return verdicts.at(-1);
	}

	async function holds(path, headers, body = BODY) {
		assert.equal(await deliver(path, headers, body), '200 verified');
		const changed = Buffer.from(body);
		changed[changed.length >> 1] ^= 1;
		assert.match(await deliver(path, headers, changed), /^400 refused/, 'the control: a changed body must not verify');
	}

	it('stripe', () => holds('/stripe', {
		'content-type': 'application/json; charset=utf-8',
		'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: BODY, secret: stripeSecret }),
	}));

	it('@octokit/webhooks-methods', async () => holds('/github', {
		'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': randomUUID(),
		'x-hub-signature-256': await githubSign(githubSecret, BODY),
	}));

	it('svix', () => {
		const id = 'msg_' + randomUUID();
		const at = new Date();
		return holds('/svix', { 'content-type': 'application/json', 'svix-id': id, 'svix-timestamp': String(Math.floor(at / 1000)),
			'svix-signature': new SvixWebhook(svixSecret).sign(id, at, BODY) });
	});

	it('standardwebhooks', () => {
		const id = 'msg_' + randomUUID();
		const at = new Date();
		return holds('/standard', { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1000)),
			'webhook-signature': new StandardWebhook(svixSecret).sign(id, at, BODY) });
	});

	it('twilio, a form', () => {
		const params = { From: '+41790000000', Body: 'Grüezi & ade=1', MessageSid: 'SM1' };
		const signature = twilio.getExpectedTwilioSignature(twilioToken, `${base}/twilio?a=1&b=%20`, params);
		return holds('/twilio?a=1&b=%20', { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature }, new URLSearchParams(params).toString());
	});

	it('twilio, a JSON body with bodySHA256 in the URL', () => {
		const path = `/twilio-json?bodySHA256=${twilio.getExpectedBodyHash(BODY)}`;
		const signature = twilio.getExpectedTwilioSignature(twilioToken, base + path, {});
		return holds(path, { 'content-type': 'application/json', 'x-twilio-signature': signature });
	});

	it('a wrong secret does not verify either', async () => {
		const header = stripe.webhooks.generateTestHeaderString({ payload: BODY, secret: 'whsec_other' });
		assert.match(await deliver('/stripe', { 'stripe-signature': header }, BODY), /^400 refused/);
	});

	it('the recorded bytes verify too', async () => {
		const row = await w.recorded((r) => r.path === '/github' && r.status === 200);
		const shown = JSON.parse(await w.creelOut(['show', String(row.id), '--json']));
		const bytes = await w.creelOut(['show', String(row.id), '--request', '--body']);
		const signature = shown.request.headers.find(([name]) => name.toLowerCase() === 'x-hub-signature-256')[1];
		assert.ok(await githubVerify(githubSecret, bytes.toString('utf8'), signature));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
