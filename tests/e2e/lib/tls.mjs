// Certificates made by openssl for one test run.
import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

/** A self-signed certificate for localhost and 127.0.0.1, or the names given: { cert, key } (paths), { pem, pin, fingerprint }. `kind` is openssl's: ec, or as rsa:2048. */
export function makeCertificate(dir, name = 'tls', names = 'DNS:localhost,IP:127.0.0.1', kind = 'ec') {
	const cert = path.join(dir, `${name}.crt`);
	const key = path.join(dir, `${name}.key`);
	execFileSync('openssl', ['req', '-x509', '-newkey', kind, ...(kind === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:prime256v1'] : []), '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert], { stdio: 'pipe' });
	const pem = readFileSync(cert, 'utf8');
	const x509 = new X509Certificate(pem);
	const spki = x509.publicKey.export({ type: 'spki', format: 'der' });
	return { cert, key, pem, pin: `sha256//${createHash('sha256').update(spki).digest('base64')}`, fingerprint: x509.fingerprint256 };
}

/** The same with dates (UTC, YYYYMMDDHHMMSSZ) and names of one's own. `openssl ca` is what takes dates in every version. */
export function makeDatedCertificate(dir, name, { start, end, names = 'DNS:localhost,IP:127.0.0.1' }) {
	const folder = mkdtempSync(path.join(dir, `${name}-ca-`));
	const [cert, key, request, config] = [`${name}.crt`, `${name}.key`, `${name}.csr`, `${name}.cnf`].map((file) => path.join(folder, file));
	writeFileSync(path.join(folder, 'index.txt'), '');
	writeFileSync(config, `[ca]\ndefault_ca = own\n[own]\ndatabase = ${folder}/index.txt\nnew_certs_dir = ${folder}\nrand_serial = yes\ndefault_md = sha256\npolicy = any\n`
		+ `[any]\ncommonName = supplied\n[names]\nsubjectAltName = ${names}\nbasicConstraints = CA:TRUE\n`);
	const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
	openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`, '-keyout', key, '-out', request);
	openssl('ca', '-selfsign', '-batch', '-notext', '-config', config, '-keyfile', key, '-in', request, '-out', cert, '-startdate', start, '-enddate', end, '-extensions', 'names');
	return { cert, key, pem: readFileSync(cert, 'utf8') };
}

/** A certificate of an issuer's: { cert, key, issuer, issuerPem, ocsp(status) }; `ocsp` writes what its issuer says of it (V: good, R: revoked) beside it. */
export function makeIssued(dir, name) {
	const at = (file) => path.join(dir, `${name}-${file}`);
	const [cert, key, request, issuer, issuerKey, extra] = ['leaf.crt', 'leaf.key', 'leaf.csr', 'ca.crt', 'ca.key', 'ext'].map(at);
	const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
	const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
	openssl('req', '-x509', ...ec, '-days', '2', '-subj', `/CN=issuer of ${name}`, '-keyout', issuerKey, '-out', issuer);
	openssl('req', ...ec, '-subj', `/CN=${name}`, '-keyout', key, '-out', request);
	writeFileSync(extra, 'subjectAltName = DNS:localhost,IP:127.0.0.1\nbasicConstraints = CA:FALSE\n');
	openssl('x509', '-req', '-in', request, '-CA', issuer, '-CAkey', issuerKey, '-CAcreateserial', '-days', '2', '-extfile', extra, '-out', cert);
	const serial = new X509Certificate(readFileSync(cert)).serialNumber;
	const ocsp = (status = 'V') => {
		writeFileSync(at('index'), `${status}\t491231235959Z\t${status === 'R' ? '200101000000Z' : ''}\t${serial}\tunknown\t/CN=${name}\n`);
		openssl('ocsp', '-issuer', issuer, '-cert', cert, '-no_nonce', '-reqout', at('request.der'));
		openssl('ocsp', '-index', at('index'), '-CA', issuer, '-rsigner', issuer, '-rkey', issuerKey, '-ndays', '1', '-reqin', at('request.der'), '-respout', `${cert}.ocsp`);
	};
	return { cert, key, issuer, issuerPem: readFileSync(issuer, 'utf8'), ocsp };
}

/** Root → "Int" → leaf: { leaf, chain, key, root } (paths). A server that is given `leaf` forgets the certificate between. */
export function makeChain(dir, name = 'chain') {
	const at = (file) => path.join(dir, `${name}-${file}`);
	const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
	const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
	const issue = (of, by, extensions) => {
		writeFileSync(at('ext'), extensions);
		openssl('req', ...ec, '-subj', `/CN=${of}`, '-keyout', at(`${of}.key`), '-out', at('csr'));
		openssl('x509', '-req', '-in', at('csr'), '-CA', at(`${by}.crt`), '-CAkey', at(`${by}.key`), '-CAcreateserial', '-days', '2', '-extfile', at('ext'), '-out', at(`${of}.crt`));
	};
	openssl('req', '-x509', ...ec, '-days', '2', '-subj', '/CN=Root', '-keyout', at('Root.key'), '-out', at('Root.crt'));
	issue('Int', 'Root', 'basicConstraints = critical,CA:TRUE\nkeyUsage = keyCertSign\n');
	issue('leaf', 'Int', 'basicConstraints = CA:FALSE\nsubjectAltName = DNS:localhost,IP:127.0.0.1\n');
	writeFileSync(at('full.crt'), readFileSync(at('leaf.crt'), 'utf8') + readFileSync(at('Int.crt'), 'utf8'));
	return { leaf: at('leaf.crt'), chain: at('full.crt'), key: at('leaf.key'), root: at('Root.crt') };
}

/** The ClientHello of a client that offers these protocols. */
export const hello = (ALPNProtocols) => new Promise((resolve) => {
	const socket = new Duplex({ read() {}, write: (bytes, _encoding, done) => (resolve(bytes), done()) });
	tls.connect({ socket, servername: 'localhost', ALPNProtocols }).on('error', () => {});
});
