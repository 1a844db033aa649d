// The libraries that providers publish for those who receive their webhooks, each with what its provider sends.
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign as nodeSign } from 'node:crypto';
import * as line from '@line/bot-sdk';
import { sign as githubSign, verify as githubVerify } from '@octokit/webhooks-methods';
import { signRequest, verifyRequest } from '@contentful/node-apps-toolkit';
import { Paddle } from '@paddle/paddle-node-sdk';
import { encodeSignatureHeader, isValidSignature } from '@sanity/webhook';
import sendgrid from '@sendgrid/eventwebhook';
import { verifyKey as discordVerify } from 'discord-interactions';
import { AccessToken, WebhookReceiver } from 'livekit-server-sdk';
import Pusher from 'pusher';
import Razorpay from 'razorpay';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';

export const BODY = JSON.stringify({ id: 'evt_1', type: 'order.paid', text: 'Zürich — 東京 \u{1f980}', amount: 1.5, z: { a: [1, {}, []] } }, null, 1) + '\n';
export const now = () => Math.floor(Date.now() / 1000);
export const hmac = (algorithm, secret, text, form) => createHmac(algorithm, secret).update(text).digest(form);
export const text = (n = 16) => randomBytes(n).toString('hex');
export const stripe = new Stripe('sk_test_none');
const paddle = new Paddle('none');
const discordKeys = generateKeyPairSync('ed25519');
const discordPublic = discordKeys.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
const gridKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const gridPublic = gridKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const pem = (k) => k.privateKey.export({ type: 'pkcs8', format: 'pem' });
export const whsec = 'whsec_' + randomBytes(24).toString('base64');

// sign: the fields of one delivery. check: what an app does, over raw bytes; throws or gives false. `key`: what creel signs
// with, where that is not what it checks with.
export const PROVIDERS = {
	stripe: {
		secret: 'whsec_' + text(), event: 'order.paid',
		sign: (body, secret) => ({ 'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret }) }),
		check: (raw, h, secret) => stripe.webhooks.constructEvent(raw, h['stripe-signature'], secret),
	},
	github: {
		secret: 'it is a secret to everybody é', event: 'push',
		sign: async (body, secret) => ({ 'x-github-event': 'push', 'x-hub-signature-256': await githubSign(secret, body) }),
		check: (raw, h, secret) => githubVerify(secret, raw.toString('utf8'), h['x-hub-signature-256']),
	},
	svix: {
		secret: whsec, event: 'order.paid',
		sign: (body, secret) => {
			const at = new Date();
			return { 'svix-id': 'msg_1', 'svix-timestamp': String(Math.floor(at / 1000)), 'svix-signature': new SvixWebhook(secret).sign('msg_1', at, body) };
		},
		check: (raw, h, secret) => new SvixWebhook(secret).verify(raw, h),
	},
	standard: {
		secret: whsec, event: 'order.paid',
		sign: (body, secret) => {
			const at = new Date();
			return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': new StandardWebhook(secret).sign('msg_1', at, body) };
		},
		check: (raw, h, secret) => new StandardWebhook(secret).verify(raw.toString('utf8'), h),
	},
	twilio: {
		secret: text(), event: 'delivered', type: 'application/x-www-form-urlencoded', path: '/twilio?a=1&b=%20',
		body: new URLSearchParams({ To: '+4179', From: '+4178', Body: 'Grüezi & ade=1', SmsStatus: 'delivered', Empty: '' }).toString(),
		sign: (body, secret, url) => ({ 'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, url, Object.fromEntries(new URLSearchParams(body))) }),
		check: (raw, h, secret, url) => twilio.validateRequest(secret, h['x-twilio-signature'], url, Object.fromEntries(new URLSearchParams(raw.toString('utf8')))),
	},
	'twilio of JSON': {
		provider: 'twilio', secret: text(), event: null, path: `/twilio-json?bodySHA256=${twilio.getExpectedBodyHash(BODY)}`,
		sign: (body, secret, url) => ({ 'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, url, {}) }),
		check: (raw, h, secret, url) => twilio.validateRequestWithBody(secret, h['x-twilio-signature'], url, raw.toString('utf8')),
	},
	'twilio with a shared key': {
		provider: 'twilio', secret: text(), event: 'delivered', type: 'application/x-www-form-urlencoded', path: '/twilio?a=1',
		body: new URLSearchParams({ To: '+4179', SmsStatus: 'delivered' }).toString(),
		sign: (body, secret, url) => ({ 'x-twilio-webhooks-signature-settings': 'key=k,algorithm=HMAC_SHA256',
			'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, url, Object.fromEntries(new URLSearchParams(body)), 'HMAC_SHA256') }),
		check: (raw, h, secret, url) => twilio.validateRequest(secret, h['x-twilio-signature'], url, Object.fromEntries(new URLSearchParams(raw.toString('utf8'))),
			twilio.getSignatureAlgorithm(h['x-twilio-webhooks-signature-settings'])),
	},
	'gitlab with a signing token': {
		provider: 'gitlab', secret: whsec, event: 'Push Hook',
		sign: (body, secret) => {
			const at = new Date();
			return { 'x-gitlab-event': 'Push Hook', 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': new StandardWebhook(secret).sign('msg_1', at, body) };
		},
		check: (raw, h, secret) => new StandardWebhook(secret).verify(raw.toString('utf8'), h),
	},
	discord: {
		secret: discordPublic, key: pem(discordKeys), event: 'order.paid',
		sign: (body) => {
			const at = String(now());
			return { 'x-signature-timestamp': at, 'x-signature-ed25519': nodeSign(null, Buffer.from(at + body), discordKeys.privateKey).toString('hex') };
		},
		check: (raw, h, secret) => discordVerify(raw, h['x-signature-ed25519'], h['x-signature-timestamp'], secret),
	},
	sendgrid: {
		secret: gridPublic, key: pem(gridKeys), event: 'bounce', body: '[{"event":"bounce","email":"a@example.com"}]\r\n',
		sign: (body) => {
			const at = String(now());
			return { 'x-twilio-email-event-webhook-timestamp': at,
				'x-twilio-email-event-webhook-signature': nodeSign('sha256', Buffer.from(at + body), gridKeys.privateKey).toString('base64') };
		},
		check: (raw, h, secret) => {
			const hook = new sendgrid.EventWebhook();
			return hook.verifySignature(hook.convertPublicKeyToECDSA(secret), raw, h['x-twilio-email-event-webhook-signature'], h['x-twilio-email-event-webhook-timestamp']);
		},
	},
	line: {
		secret: text(), event: 'follow', body: '{"events":[{"type":"follow"}]}',
		sign: (body, secret) => ({ 'x-line-signature': hmac('sha256', secret, body, 'base64') }),
		check: (raw, h, secret) => line.validateSignature(raw, secret, h['x-line-signature']),
	},
	razorpay: {
		secret: text(), event: 'payment.captured', body: '{"event":"payment.captured"}',
		sign: (body, secret) => ({ 'x-razorpay-signature': hmac('sha256', secret, body, 'hex') }),
		check: (raw, h, secret) => Razorpay.validateWebhookSignature(raw.toString('utf8'), h['x-razorpay-signature'], secret),
	},
	sanity: {
		secret: text(), event: 'create',
		sign: async (body, secret) => ({ 'sanity-operation': 'create', 'sanity-webhook-signature': await encodeSignatureHeader(body, Date.now(), secret) }),
		check: (raw, h, secret) => isValidSignature(raw.toString('utf8'), h['sanity-webhook-signature'], secret),
	},
	contentful: {
		secret: text(32), event: 'ContentManagement.Entry.publish', path: '/hook?a=1&b=%20x',
		sign: (body, secret, url) => {
			const headers = { 'x-contentful-topic': 'ContentManagement.Entry.publish' };
			return { ...headers, ...signRequest(secret, { method: 'POST', path: new URL(url).pathname + new URL(url).search, headers, body }, Date.now()) };
		},
		check: (raw, h, secret, url) => verifyRequest(secret, { method: 'POST', path: new URL(url).pathname + new URL(url).search, headers: h, body: raw.toString('utf8') }),
	},
	livekit: {
		secret: text(), event: 'room_started', type: 'application/webhook+json', body: '{"event":"room_started","id":"EV_1"}',
		sign: async (body, secret) => {
			const token = new AccessToken('APIkey1', secret);
			token.sha256 = createHash('sha256').update(body).digest('base64');
			return { authorization: await token.toJwt() };
		},
		check: (raw, h, secret) => new WebhookReceiver('APIkey1', secret).receive(raw.toString('utf8'), h.authorization),
	},
	pusher: {
		secret: text(), event: 'channel_occupied', body: '{"time_ms":1764000000000,"events":[{"name":"channel_occupied","channel":"c"}]}',
		sign: (body, secret) => ({ 'x-pusher-key': 'key1', 'x-pusher-signature': hmac('sha256', secret, body, 'hex') }),
		check: (raw, h, secret) => new Pusher({ appId: '1', key: 'key1', secret, cluster: 'eu' }).webhook({ rawBody: raw.toString('utf8'),
			headers: { 'content-type': 'application/json', 'x-pusher-key': 'key1', 'x-pusher-signature': h['x-pusher-signature'] } }).isValid(),
	},
	openai: {
		secret: whsec, event: 'order.paid',
		sign: (body, secret) => {
			const at = new Date();
			return { 'user-agent': 'OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)', 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(at / 1000)),
				'webhook-signature': new StandardWebhook(secret).sign('msg_1', at, body) };
		},
		check: (raw, h, secret) => new StandardWebhook(secret).verify(raw.toString('utf8'), h),
	},
	paddle: {
		secret: 'pdl_ntfset_' + text(), event: 'transaction.paid', body: '{"event_type":"transaction.paid"}',
		sign: (body, secret) => {
			const at = now();
			return { 'paddle-signature': `ts=${at};h1=${hmac('sha256', secret, `${at}:${body}`, 'hex')}` };
		},
		check: (raw, h, secret) => paddle.webhooks.isSignatureValid(raw.toString('utf8'), secret, h['paddle-signature']),
	},
};
