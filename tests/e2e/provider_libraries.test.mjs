// Further libraries of npm (verify.test.mjs has the first), both ways: what the library takes creel holds for valid, what it
// refuses creel does not; and it takes what `creel trigger` and `replay --resign` sign.
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { hmacValidator } from '@adyen/api-library';
import * as eleven from '@elevenlabs/elevenlabs-js';
import * as hubspot from '@hubspot/api-client';
import { Mux } from '@mux/mux-node';
import { signWebhookPayload, verifyWebhookSignature } from '@notionhq/client';
import '@shopify/shopify-api/adapters/node';
import { shopifyApi } from '@shopify/shopify-api';
import { WorkOS } from '@workos-inc/node';
import * as box from 'box-node-sdk/managers/webhooks';
import braintree from 'braintree';
import * as commerce from 'coinbase-commerce-node';
import * as gocardless from 'gocardless-nodejs/webhooks';
import { OAuth2Client } from 'google-auth-library';
import { importJWK, jwtVerify } from 'jose';
import { WebhookSignatureValidator } from 'mercadopago';
import OpenAI from 'openai';
import SnsValidator from 'sns-validator';
import * as square from 'square';
import { Webhook } from 'standardwebhooks';
import Telnyx from 'telnyx';
import { World } from './lib/harness.mjs';
import { makeCertificate } from './lib/tls.mjs';

const SECRET = 'a secret of sixteen';
const HEX = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const seconds = () => Math.floor(Date.now() / 1000);
const mac = (key, text, form = 'hex', algorithm = 'sha256') => createHmac(algorithm, key).update(text).digest(form);
const ed = generateKeyPairSync('ed25519');
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const edPublic = ed.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
const pem = (k) => k.privateKey.export({ type: 'pkcs8', format: 'pem' });
const gateway = new braintree.BraintreeGateway({ environment: braintree.Environment.Sandbox, merchantId: 'm', publicKey: 'pub1', privateKey: 'priv1' });
const workos = new WorkOS('sk_test_none');
const mux = new Mux({ tokenId: 'none', tokenSecret: 'none' });
const shopify = shopifyApi({ apiKey: 'none', apiSecretKey: SECRET, scopes: [], hostName: 'example.com', apiVersion: '2026-01', isEmbeddedApp: false, logger: { log: () => {} } });
const adyen = new hmacValidator();
const WHSEC = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const openai = new OpenAI({ apiKey: 'none', webhookSecret: WHSEC });

// Google's keys and the certificate of SNS are fetched by their libraries: here from this process.
const googleKeys = Object.fromEntries(['k1', 'k2', 'creel'].map((kid) => [kid, generateKeyPairSync('rsa', { modulusLength: 2048 })]));
const googleSet = { keys: Object.entries(googleKeys).map(([kid, pair]) => ({ ...pair.publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid })) };
const googlePems = http.createServer((req, res) => {
	res.setHeader('content-type', 'application/json');
	res.end(JSON.stringify(Object.fromEntries(Object.entries(googleKeys).map(([kid, pair]) => [kid, pair.publicKey.export({ type: 'spki', format: 'pem' })]))));
}).listen(0, '127.0.0.1');
await once(googlePems, 'listening');
const google = new OAuth2Client({ endpoints: { oauth2FederatedSignonPemCertsUrl: `http://127.0.0.1:${googlePems.address().port}/certs` } });
const PUSH = JSON.stringify({ message: { messageId: '10', data: 'SGVsbG8=' }, subscription: 'projects/p/subscriptions/s' });
const idToken = (kid, audience) => {
	const t = seconds(), part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const text = `${part({ alg: 'RS256', kid, typ: 'JWT' })}.${part({ iss: 'https://accounts.google.com', aud: audience, email: 'push@p.iam.gserviceaccount.com', email_verified: true, iat: t, exp: t + 3600 })}`;
	return `Bearer ${text}.${nodeSign('sha256', Buffer.from(text), googleKeys[kid].privateKey).toString('base64url')}`;
};

const SNS_HOST = 'sns.us-east-1.amazonaws.com';
const scratch = new World();
const snsCert = makeCertificate(scratch.dir, 'sns', `DNS:${SNS_HOST}`, 'rsa:2048');
const snsKey = readFileSync(snsCert.key, 'utf8');
const snsCerts = https.createServer({ key: snsKey, cert: snsCert.pem }, (req, res) => res.end(snsCert.pem)).listen(0, '127.0.0.1');
await once(snsCerts, 'listening');
https.globalAgent = new https.Agent();
https.globalAgent.createConnection = (options) => tls.connect({ ...options, host: '127.0.0.1', port: snsCerts.address().port, servername: SNS_HOST, ca: snsCert.pem });
const sns = new SnsValidator();
const snsMessage = (version, more) => {
	const m = { Type: 'Notification', MessageId: 'm1', TopicArn: 'arn:aws:sns:us-east-1:1:t', Message: 'Zürich 10', Timestamp: new Date().toISOString(), ...more, SignatureVersion: version,
		SigningCertURL: `https://${SNS_HOST}/SimpleNotificationService-1.pem` };
	const text = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'].filter((k) => k in m).map((k) => `${k}\n${m[k]}\n`).join('');
	return JSON.stringify({ ...m, Signature: nodeSign(version === '1' ? 'sha1' : 'sha256', Buffer.from(text), snsKey).toString('base64') });
};
const snsCase = (version, more, sample) => ({ secret: snsCert.pem, key: snsKey, sample, spoil: (b) => b.replace('"Message"', '"Massage"').replace('Zürich 10', 'Zürich 11'),
	make: () => ({ type: 'text/plain; charset=UTF-8', body: snsMessage(version, more), headers: { 'x-amz-sns-message-type': more?.Type ?? 'Notification', 'x-amz-sns-message-id': 'm1' } }),
	check: (raw) => new Promise((resolve, reject) => { sns.validate(raw, (error) => (error ? reject(error) : resolve(true))); }) });
const EVENT = JSON.stringify({ id: 'evt_1', type: 'order.paid', event: 'order.paid', text: 'Zürich 🦀', n: 10 });
const item = { additionalData: {}, amount: { currency: 'EUR', value: 1130 }, eventCode: 'AUTHORISATION', merchantAccountCode: 'Shop', merchantReference: 'Order', originalReference: '', pspReference: 'psp1', success: 'true' };
const TELNYX = new Telnyx({ apiKey: 'none', publicKey: edPublic });

// make: the delivery { headers, body, type }, by the library where it signs. check: what an app does; throws or gives false.
// `sample`: what `creel trigger` sends. `key`: what creel signs with, if not `secret`. `spoil`: the body with another meaning.
const LIBRARIES = {
	openai: { secret: WHSEC, sample: 'openai.response.completed',
		make: () => { const at = new Date(); return { headers: { 'user-agent': 'OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)', 'webhook-id': 'wh_1', 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': new Webhook(WHSEC).sign('wh_1', at, EVENT) } }; },
		check: (raw, h) => openai.webhooks.unwrap(raw, h) },
	...Object.fromEntries(Object.keys(googleKeys).map((kid) => [`google, key ${kid} of a set`, { secret: JSON.stringify(googleSet), key: pem(googleKeys[kid]), spoil: null, sample: kid === 'creel' ? 'google.pubsub.message' : undefined,
		make: (url) => ({ body: PUSH, headers: { authorization: idToken(kid, url), 'user-agent': 'CloudPubSub-Google' } }),
		check: async (raw, h, url) => (await google.verifyIdToken({ idToken: /^Bearer (.*)$/.exec(h.authorization)[1], audience: url })).getPayload().iss.endsWith('accounts.google.com') }])),
	'sns, version 1': snsCase('1'),
	'sns, version 2': snsCase('2', undefined, 'sns.notification'),
	'sns, with a subject': snsCase('2', { Subject: 'é' }),
	'sns, a handshake': snsCase('1', { Type: 'SubscriptionConfirmation', SubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription', Token: 't1' }),
	adyen: { secret: HEX, sample: 'adyen.AUTHORISATION', spoil: (b) => b.replace('1130', '1131'),
		make: () => ({ body: JSON.stringify({ live: 'false', notificationItems: [{ NotificationRequestItem: { ...item, additionalData: { hmacSignature: adyen.calculateHmac(item, HEX) } } }] }) }),
		check: (raw) => JSON.parse(raw).notificationItems.every((n) => adyen.validateHMAC(n.NotificationRequestItem, HEX)) },
	'adyen platform': { secret: HEX, make: () => ({ headers: { hmacsignature: adyen.calculateHmac(EVENT, HEX), protocol: 'HmacSHA256' } }), check: (raw, h) => adyen.validateHMACSignature(HEX, h.hmacsignature, raw) },
	braintree: { secret: 'priv1', key: 'pub1\npriv1', sample: 'braintree.check', spoil: (b) => b.replace('bt_payload=P', 'bt_payload=Q'),
		make: () => ({ type: 'application/x-www-form-urlencoded', body: new URLSearchParams(gateway.webhookTesting.sampleNotification('check', 'id1')).toString() }),
		check: (raw) => { const form = new URLSearchParams(raw); return gateway.webhookNotification.parse(form.get('bt_signature'), form.get('bt_payload')); } },
	workos: { secret: SECRET, sample: 'workos.dsync.user.created',
		make: async () => { const t = Date.now(); return { headers: { 'workos-signature': `t=${t}, v1=${await workos.webhooks.computeSignature(t, JSON.parse(EVENT), SECRET)}` } }; },
		check: (raw, h) => workos.webhooks.verifyHeader({ payload: JSON.parse(raw), sigHeader: h['workos-signature'], secret: SECRET }) },
	mux: { secret: SECRET, sample: 'mux.video.asset.ready',
		make: () => { const t = seconds(); return { headers: { 'mux-signature': `t=${t},v1=${mac(SECRET, `${t}.${EVENT}`)}` } }; },
		check: (raw, h) => mux.webhooks.verifySignature(raw, h, SECRET) },
	shopify: { secret: SECRET, sample: 'shopify.orders.create',
		make: () => ({ headers: { 'x-shopify-hmac-sha256': mac(SECRET, EVENT, 'base64'), 'x-shopify-topic': 'orders/create', 'x-shopify-api-version': '2026-01', 'x-shopify-shop-domain': 'creel.myshopify.com', 'x-shopify-webhook-id': 'w1' } }),
		check: async (raw, h) => (await shopify.webhooks.validate({ rawBody: raw, rawRequest: { method: 'POST', url: '/', headers: h }, rawResponse: {} })).valid },
	'shopify events': { secret: SECRET,
		make: () => ({ headers: { 'shopify-hmac-sha256': mac(SECRET, EVENT, 'base64'), 'shopify-topic': 'Product', 'shopify-action': 'update', 'shopify-api-version': '2026-01', 'shopify-shop-domain': 'creel.myshopify.com',
			'shopify-event-id': 'e1', 'shopify-webhook-id': 'w1', 'shopify-handle': 'h1', 'shopify-resource-id': 'r1', 'shopify-triggered-at': new Date().toISOString() } }),
		check: async (raw, h) => (await shopify.webhooks.validate({ rawBody: raw, rawRequest: { method: 'POST', url: '/', headers: h }, rawResponse: {} })).valid },
	notion: { secret: SECRET, sample: 'notion.page.content_updated',
		make: async () => ({ headers: { 'x-notion-signature': await signWebhookPayload({ body: EVENT, verificationToken: SECRET }) } }),
		check: (raw, h) => verifyWebhookSignature({ body: raw, signature: h['x-notion-signature'], verificationToken: SECRET }) },
	gocardless: { secret: SECRET, sample: 'gocardless.payments.confirmed',
		make: () => { const body = JSON.stringify({ events: [{ id: 'EV1', action: 'confirmed', resource_type: 'payments' }], meta: { webhook_id: 'WB1' }, n: 10 }); return { body, headers: { 'webhook-signature': mac(SECRET, body) } }; },
		check: (raw, h) => gocardless.parse(raw, SECRET, h['webhook-signature']) },
	mercadopago: { secret: SECRET, sample: 'mercadopago.payment.updated', path: '/hook?data.id=123&type=payment', spoil: null,
		make: () => { const t = seconds(); return { body: JSON.stringify({ action: 'payment.updated', data: { id: '123' } }), headers: { 'x-request-id': 'req1', 'x-signature': `ts=${t},v1=${mac(SECRET, `id:123;request-id:req1;ts:${t};`)}` } }; },
		check: (raw, h, url) => (WebhookSignatureValidator.validate({ xSignature: h['x-signature'], xRequestId: h['x-request-id'], dataId: new URL(url).searchParams.get('data.id')?.toLowerCase(), secret: SECRET }), true) },
	plaid: { secret: JSON.stringify({ key: { ...ec.publicKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'k1', use: 'sig' } }), key: pem(ec), sample: 'plaid.transactions', ownMaker: true,
		check: async (raw, h) => { const { createHash } = await import('node:crypto'); const { payload } = await jwtVerify(h['plaid-verification'], await importJWK(ec.publicKey.export({ format: 'jwk' }), 'ES256'), { maxTokenAge: '5 min' });
			return payload.request_body_sha256 === createHash('sha256').update(raw).digest('hex'); } },
	box: { secret: SECRET, sample: 'box.FILE.UPLOADED',
		make: () => { const t = new Date(Date.now() - 1000).toISOString(); return { headers: { 'box-delivery-id': 'd1', 'box-delivery-timestamp': t, 'box-signature-version': '1', 'box-signature-algorithm': 'HmacSHA256', 'box-signature-primary': mac(SECRET, EVENT + t, 'base64') } }; },
		check: (raw, h) => box.WebhooksManager.validateMessage(raw, h, SECRET) },
	'box, letters beyond ASCII escaped': { secret: SECRET,
		make: () => { const t = new Date(Date.now() - 1000).toISOString(), escaped = EVENT.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
			return { headers: { 'box-delivery-id': 'd1', 'box-delivery-timestamp': t, 'box-signature-version': '1', 'box-signature-algorithm': 'HmacSHA256', 'box-signature-primary': mac(SECRET, escaped + t, 'base64') } }; },
		check: (raw, h) => box.WebhooksManager.validateMessage(raw, h, SECRET) },
	...Object.fromEntries(['v1', 'v2', 'v3'].map((v) => [`hubspot ${v}`, { secret: SECRET, sample: v === 'v3' ? 'hubspot.contact.creation' : undefined,
		make: (url) => { const t = Date.now(), signature = hubspot.Signature.getSignature('POST', v, { clientSecret: SECRET, requestBody: EVENT, url, timestamp: t });
			return { headers: v === 'v3' ? { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': String(t) } : { 'x-hubspot-signature': signature, 'x-hubspot-signature-version': v } }; },
		check: (raw, h, url) => hubspot.Signature.isValid({ method: 'POST', signatureVersion: v, signature: h[v === 'v3' ? 'x-hubspot-signature-v3' : 'x-hubspot-signature'], clientSecret: SECRET, requestBody: raw, url, timestamp: Number(h['x-hubspot-request-timestamp']) }) }])),
	elevenlabs: { secret: SECRET, sample: 'elevenlabs.post_call_transcription',
		make: () => { const t = seconds(); return { headers: { 'elevenlabs-signature': `t=${t},v0=${mac(SECRET, `${t}.${EVENT}`)}` } }; },
		check: (raw, h) => new eleven.ElevenLabsClient({ apiKey: 'none' }).webhooks.constructEvent(raw, h['elevenlabs-signature'], SECRET) },
	telnyx: { secret: edPublic, key: pem(ed), sample: 'telnyx.message.received',
		make: () => { const t = String(seconds()); return { headers: { 'telnyx-timestamp': t, 'telnyx-signature-ed25519': nodeSign(null, Buffer.from(`${t}|${EVENT}`), ed.privateKey).toString('base64') } }; },
		check: (raw, h) => TELNYX.webhooks.unwrap(raw, { headers: h }) },
	square: { secret: SECRET, sample: 'square.payment.updated',
		make: (notificationUrl) => ({ headers: { 'x-square-hmacsha256-signature': mac(SECRET, notificationUrl + EVENT, 'base64') } }),
		check: async (raw, h, notificationUrl) => {
			if (JSON.parse(raw).type === 'payment.updated') square.serialization.PaymentUpdatedEvent.parseOrThrow(JSON.parse(raw), { unrecognizedObjectKeys: 'fail' });
			return square.WebhooksHelper.verifySignature({ requestBody: raw, signatureHeader: h['x-square-hmacsha256-signature'], signatureKey: SECRET, notificationUrl });
		} },
	coinbase: { secret: SECRET,
		make: () => { const body = JSON.stringify({ id: 1, event: { id: 'e1', type: 'charge:confirmed', n: 10 } }); return { body, headers: { 'x-cc-webhook-signature': commerce.default.Webhook.computeSignature(body, SECRET) } }; },
		check: (raw, h) => commerce.default.Webhook.verifySigHeader(raw, h['x-cc-webhook-signature'], SECRET) },
};

describe('the library of', () => {
	let w, db, port, last;
	before(async () => {
		w = new World();
		db = ['--db', w.path('libraries.db')];
		const app = http.createServer(async (req, res) => {
			const pieces = [];
			for await (const piece of req) pieces.push(piece);
			last = { raw: Buffer.concat(pieces).toString('utf8'), headers: req.headers, url: `http://${req.headers.host}${req.url}` };
			res.end();
		});
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		port = app.address().port;
		w.keep({ close: () => (app.closeAllConnections?.(), new Promise((r) => app.close(r))) });
	});
	after(async () => {
		for (const server of [googlePems, snsCerts]) server.close();
		await scratch.close();
		await w?.close();
	});

	const file = (content) => {
		const name = w.fresh('secret');
		writeFileSync(name, content, { mode: 0o600 });
		return `@${name}`;
	};
	const takes = async (p, raw, headers, url) => {
		try {
			return (await p.check(raw, headers, url)) !== false;
		} catch {
			return false;
		}
	};
	/** Puts it on record as it would have come, and gives creel's verdict. */
	const verdict = async (name, p, d, body) => {
		const fields = { host: 'hooks.example.com', 'content-type': d.type ?? 'application/json', ...d.headers };
		await w.creelOut(['import', '-', '--format', 'ndjson', ...db], { input: JSON.stringify({ received_at: new Date().toISOString(), method: 'POST', target: p.path ?? '/hook', https: true, request: { headers: Object.entries(fields), body } }) });
		const { id } = JSON.parse(await w.creelOut(['list', '--json', '-n', '1', ...db]));
		const r = await w.creel(['verify', '--json', String(id), '--provider', name.split(/[ ,]/)[0], '--secret', file(p.secret), ...db]);
		return { id, ...JSON.parse(r.text) };
	};
	const url = (p) => `https://hooks.example.com${p.path ?? '/hook'}`;

	for (const [name, p] of Object.entries(LIBRARIES)) {
		if (!p.ownMaker)
			it(`${name}: what it takes is valid, what it refuses is not, and --resign is taken`, async () => {
				const d = await p.make(url(p));
				const body = d.body ?? EVENT;
				assert.ok(await takes(p, body, d.headers ?? {}, url(p)), 'the library takes it');
				const mine = await verdict(name, p, d, body);
				assert.equal(mine.signature, 'valid', mine.why);
				if (p.spoil !== null) {
					const other = (p.spoil ?? ((b) => b.replace('10', '11').replace('order.paid', 'order.void')))(body);
					assert.ok(!(await takes(p, other, d.headers ?? {}, url(p))), 'the control');
					assert.equal((await verdict(name, p, d, other)).signature, 'invalid');
				}
				await w.creelOut(['replay', String(mine.id), '--resign', '--secret', file(p.key ?? p.secret), '--to', String(port), ...db]);
				assert.ok(await takes(p, last.raw, last.headers, /^(hubspot|google|square)/.test(name) ? url(p) : last.url), JSON.stringify(last.headers));
			});
		if (p.sample)
			it(`${name}: it takes the sample`, async () => {
				await w.creelOut(['trigger', p.sample, '--secret', file(p.key ?? p.secret), '--to', `http://127.0.0.1:${port}${p.path ?? '/hook'}`, ...db]);
				assert.ok(await takes(p, last.raw, last.headers, last.url), JSON.stringify(last));
				if (p.spoil !== null) assert.ok(!(await takes(p, (p.spoil ?? ((b) => b.replace(/"([A-Za-z_]+)":/, '"x$1":')))(last.raw), last.headers, last.url)), 'the control');
			});
	}
	it('every program ended cleanly', () => w.endsCleanly());
});
