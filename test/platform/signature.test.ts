import t from 'tap';
import { createSigner } from '../../src/platform/signature.ts';

const signer = createSigner('a secret of the tests', 'cursor');

t.test('what was signed is read back, whatever it is', async (t) => {
  for (const payload of ['x', 'a b c', 'ünïcode ✓', '\u0000', 'x'.repeat(10_000)]) t.equal(signer.verify(signer.sign(payload)), payload);
});

t.test('a signed text is safe in a URL', async (t) => {
  for (let index = 0; index < 100; index++) t.match(signer.sign(`payload ${index}`), /^[A-Za-z0-9_-]+$/);
});

t.test('every flipped bit is refused', async (t) => {
  const bytes = Buffer.from(signer.sign('a payload'), 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    t.equal(signer.verify(flipped.toString('base64url')), undefined, `bit ${bit}`);
  }
});

t.test('shortened, lengthened, recoded and made-up texts are refused', async (t) => {
  const signed = signer.sign('a payload');
  const bytes = Buffer.from(signed, 'base64url');
  const texts = [
    '',
    'x',
    signed.slice(1),
    signed.slice(0, -1),
    `${signed}A`,
    `${signed}=`,
    ` ${signed}`,
    bytes.toString('base64'),
    bytes.toString('hex'),
    'a payload',
    bytes.subarray(0, 12).toString('base64url'),
    'A'.repeat(100),
  ].filter((text) => text !== signed);
  for (const text of texts) t.equal(signer.verify(text), undefined, text.slice(0, 40));
});

t.test('another secret or another purpose has other signatures', async (t) => {
  const signed = signer.sign('x');
  t.equal(createSigner('another secret of the tests', 'cursor').verify(signed), undefined);
  t.equal(createSigner('a secret of the tests', 'lease').verify(signed), undefined);
  t.equal(createSigner('a secret of the tests', 'cursor').verify(signed), 'x', 'and the same on every replica');
});
