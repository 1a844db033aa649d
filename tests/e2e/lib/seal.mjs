// Sealing as a relay does it (shared/PROTOCOL.md §5), and opening as a client does, with Node's crypto and none of creel's code.
import crypto from 'node:crypto';
import { idBytes } from './fake_relay.mjs';
import { decodeMessage, sealed } from './wire.mjs';

const CHUNK = 65_536;
const SPKI = Buffer.from('302a300506032b656e032100', 'hex'); // RFC 8410: the DER in front of the 32 bytes

/** The object of these frames (stream 0 in their headers) for a client's public key. */
export function seal(publicKeyHex, eventId, plain) {
	const recipient = Buffer.from(publicKeyHex, 'hex');
	const own = crypto.generateKeyPairSync('x25519');
	const sender = own.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
	const secret = crypto.diffieHellman({ privateKey: own.privateKey, publicKey: crypto.createPublicKey({ key: Buffer.concat([SPKI, recipient]), format: 'der', type: 'spki' }) });
	const key = Buffer.from(crypto.hkdfSync('sha256', secret, idBytes(eventId), Buffer.concat([Buffer.from('creel sealed v1'), sender, recipient]), 32));
	const pieces = [idBytes(eventId), sender];
	const count = Math.max(1, Math.ceil(plain.length / CHUNK));
	for (let i = 0; i < count; i++) {
		const nonce = Buffer.alloc(12);
		nonce[3] = i === count - 1 ? 1 : 0;
		nonce.writeBigUInt64BE(BigInt(i), 4);
		const c = crypto.createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
		pieces.push(c.update(plain.subarray(i * CHUNK, (i + 1) * CHUNK)), c.final(), c.getAuthTag());
	}
	return Buffer.concat(pieces);
}

/** A client's key pair: { publicKey (32 bytes), open(object) }; `open` gives the frames within, and throws where it does not open. */
export function makeKey() {
	const own = crypto.generateKeyPairSync('x25519');
	const publicKey = own.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
	const open = (object) => {
		const [eventIdBytes, sender] = [object.subarray(0, 16), object.subarray(16, 48)];
		const secret = crypto.diffieHellman({ privateKey: own.privateKey, publicKey: crypto.createPublicKey({ key: Buffer.concat([SPKI, sender]), format: 'der', type: 'spki' }) });
		const key = Buffer.from(crypto.hkdfSync('sha256', secret, eventIdBytes, Buffer.concat([Buffer.from('creel sealed v1'), sender, publicKey]), 32));
		const pieces = [];
		for (let at = 48, i = 0; at < object.length; i++) {
			const end = Math.min(at + CHUNK + 16, object.length);
			const nonce = Buffer.alloc(12);
			nonce[3] = end === object.length ? 1 : 0;
			nonce.writeBigUInt64BE(BigInt(i), 4);
			const c = crypto.createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
			c.setAuthTag(object.subarray(end - 16, end));
			pieces.push(c.update(object.subarray(at, end - 16)), c.final());
			at = end;
		}
		return decodeMessage(Buffer.concat(pieces));
	};
	return { publicKey, open };
}

/** An object as SEALED frames of at most `most` bytes. */
export function sealedFrames(stream, object, most = CHUNK) {
	const frames = [];
	for (let at = 0; at === 0 || at < object.length; at += most)
		frames.push(sealed({ stream, flags: at + most >= object.length ? 1 : 0, piece: object.subarray(at, at + most) }));
	return frames;
}
