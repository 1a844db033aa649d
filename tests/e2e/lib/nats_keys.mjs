// What `nsc` makes for a NATS server that asks for JWTs: an operator with two accounts, and a user's .creds file.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const KINDS = { operator: 14 << 3, account: 0, user: 20 << 3 };
const SEED = 18 << 3;
const UNLIMITED = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1, streams: -1, consumer: -1 };

function base32(bytes) {
	const bits = [...bytes].map((b) => b.toString(2).padStart(8, '0')).join('');
	return bits.match(/.{1,5}/g).map((five) => LETTERS[parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** With CRC-16/XMODEM behind it, as all keys have. */
function encode(bytes) {
	let crc = 0;
	for (const b of bytes) {
		crc ^= b << 8;
		for (let i = 0; i < 8; i++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
	}
	return base32(Buffer.concat([bytes, Buffer.from([crc & 255, crc >> 8])]));
}

function makeKey(kind) {
	const { publicKey, privateKey } = generateKeyPairSync('ed25519'), prefix = KINDS[kind];
	const last = (key, type) => key.export({ format: 'der', type }).subarray(-32);
	return {
		id: encode(Buffer.concat([Buffer.from([prefix]), last(publicKey, 'spki')])),
		seed: encode(Buffer.concat([Buffer.from([SEED | (prefix >> 5), (prefix & 31) << 3]), last(privateKey, 'pkcs8')])),
		privateKey,
	};
}

function makeToken(issuer, name, subject, nats) {
	const claims = { jti: '', iat: Math.floor(Date.now() / 1000), iss: issuer.id, name, sub: subject.id, nats: { version: 2, ...nats } };
	claims.jti = base32(createHash('sha256').update(JSON.stringify(claims)).digest());
	const text = [{ typ: 'JWT', alg: 'ed25519-nkey' }, claims].map((o) => Buffer.from(JSON.stringify(o)).toString('base64url')).join('.');
	return `${text}.${sign(null, Buffer.from(text), issuer.privateKey).toString('base64url')}`;
}

/** { config, creds, strangers }: what the server's file needs, a user's file, and the same with another's seed. */
export function makeOperator() {
	const [operator, system, account, user] = ['operator', 'account', 'account', 'user'].map(makeKey);
	const disk = { mem_storage: -1, disk_storage: -1 }, none = { mem_storage: 0, disk_storage: 0 };
	const accountToken = (name, of, storage) => `${of.id}: "${makeToken(operator, name, of, { type: 'account', limits: { ...UNLIMITED, ...storage } })}"`;
	const token = makeToken(account, 'relay', user, { type: 'user', subs: -1, data: -1, payload: -1 });
	const file = (seed) => `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;
	return {
		config: `operator: "${makeToken(operator, 'operator', operator, { type: 'operator', system_account: system.id })}"
system_account: ${system.id}
resolver: MEMORY
resolver_preload: {
${accountToken('system', system, none)}
${accountToken('relays', account, disk)}
}`,
		creds: file(user.seed),
		strangers: file(makeKey('user').seed),
	};
}
