// A stranger's verifier: sigstore's (npm @sigstore/verify) over our proofs of one entry.
//
//     node check.mjs FOLDER        where FOLDER/node_modules/@sigstore/verify is
//
// One JSON object a line on stdin, {"data", "entry", "key": base64, "origin"}; "yes" or
// "no: <why>" for each on stdout. Framing and spelling are checked here, since sigstore has no
// reader of tlog-proof and lets base64 be spelled in several ways; signature, root and path
// are checked by sigstore.
import { createPublicKey } from 'node:crypto';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const dist = join(resolve(process.argv[2]), 'node_modules', '@sigstore', 'verify', 'dist', 'tlog');
const require = createRequire(import.meta.url);
const { verifyCheckpoint } = require(join(dist, 'checkpoint.js'));
const { verifyMerkleInclusion } = require(join(dist, 'merkle.js'));

const SPKI = Buffer.from('302a300506032b6570032100', 'hex'); // Ed25519, before the raw key

function refuse(why) {
  throw new Error(why);
}

function unspelled(text) {
  const data = Buffer.from(text, 'base64');
  return data.toString('base64') === text ? data : refuse('a second spelling of base64');
}

function check({ data, entry, key, origin }) {
  const text = Buffer.from(data, 'base64').toString('utf-8');
  const cut = text.indexOf('\n\n');
  const [first, index, ...hashes] = text.slice(0, cut).split('\n');
  const envelope = text.slice(cut + 2);
  if (first !== 'c2sp.org/tlog-proof@v1' || !/^index (0|[1-9][0-9]{0,18})$/.test(index ?? '')) {
    refuse('no tlog-proof');
  }
  const raw = Buffer.from(key, 'base64'); // key id, then the key
  const log = {
    logID: raw.subarray(0, 4),
    baseURL: origin,
    publicKey: createPublicKey({
      key: Buffer.concat([SPKI, raw.subarray(4)]),
      format: 'der',
      type: 'spki',
    }),
  };
  const inclusionProof = {
    logIndex: index.slice('index '.length),
    hashes: hashes.map(unspelled),
    checkpoint: { envelope },
  };
  if (inclusionProof.hashes.some((hash) => hash.length !== 32)) refuse('a hash of another length');
  const checkpoint = verifyCheckpoint({ inclusionProof }, [log]);
  if (checkpoint.origin !== origin || checkpoint.rest.length) refuse('not the lines of this log');
  const signature = envelope.slice(envelope.indexOf('\n\n') + 2).split(' ')[2] ?? '';
  unspelled(signature.trimEnd());
  const lines = `${origin}\n${checkpoint.logSize}\n${checkpoint.logHash.toString('base64')}\n`;
  if (envelope !== `${lines}\n\u2014 ${origin} ${signature.trimEnd()}\n`) refuse('another spelling');
  verifyMerkleInclusion(
    { inclusionProof, canonicalizedBody: Buffer.from(entry, 'base64') },
    checkpoint,
  );
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    check(JSON.parse(line));
    console.log('yes');
  } catch (error) {
    console.log(`no: ${String(error.message).split('\n')[0]}`);
  }
}
