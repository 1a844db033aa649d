// Certificates made by openssl for one test run.
import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A self-signed certificate for localhost and 127.0.0.1: { cert, key } (paths), { pem, pin, fingerprint }. */
export function makeCertificate(dir, name = 'tls') {
	const cert = path.join(dir, `${name}.crt`);
	const key = path.join(dir, `${name}.key`);
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'pipe' });
	const pem = readFileSync(cert, 'utf8');
	const x509 = new X509Certificate(pem);
	const spki = x509.publicKey.export({ type: 'spki', format: 'der' });
	return { cert, key, pem, pin: `sha256//${createHash('sha256').update(spki).digest('base64')}`, fingerprint: x509.fingerprint256 };
}
