import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { listen } from './listen.ts';

type Context = Record<string, string>;
type Request = {
  KeyId?: string;
  CiphertextBlob?: string;
  EncryptionContext?: Context;
  SourceKeyId?: string;
  SourceEncryptionContext?: Context;
  DestinationKeyId?: string;
  DestinationEncryptionContext?: Context;
};

export type KmsDouble = {
  endpoint: string;
  /** Name of each call, with the context that it carried. */
  calls: { action: string; context: Context | undefined }[];
  /** What the next calls are answered with in place of an answer: a status with a type of error, or nothing at all. */
  failures: ({ status: number; type: string } | 'hang')[];
  /** Every data key that it gave out, to be looked for where it must not be. */
  dataKeys: Buffer[];
  arn(name: string): string;
};

/**
 * AWS KMS, as far as a vault needs it, over HTTP: symmetric keys that are made when first named. As the real one does, it binds a wrapped key to
 * its encryption context and refuses it in any other (InvalidCiphertextException), and under another key (IncorrectKeyException).
 */
export async function startKms(t: Pick<Test, 'teardown'>): Promise<KmsDouble> {
  const keys = new Map<string, Buffer>();
  const double: KmsDouble = { endpoint: '', calls: [], failures: [], dataKeys: [], arn };
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as Request;
    const action = String(request.headers['x-amz-target']).split('.')[1] as string;
    const answer = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return answer(400, { __type: 'IncompleteSignatureException' });
    double.calls.push({ action, context: body.EncryptionContext ?? body.SourceEncryptionContext });
    const failure = double.failures.shift();
    if (failure === 'hang') return;
    if (failure) return answer(failure.status, { __type: failure.type, message: 'as the test wants it' });
    try {
      answer(200, act(action, body));
    } catch (error) {
      answer(400, { __type: (error as Error).message });
    }
  });

  function act(action: string, body: Request): object {
    if (action === 'DescribeKey') return { KeyMetadata: { Arn: arn(body.KeyId as string), KeyId: body.KeyId } };
    if (action === 'GenerateDataKey') {
      const plain = randomBytes(32);
      double.dataKeys.push(plain);
      const { arn: KeyId, blob } = wrap(body.KeyId as string, plain, body.EncryptionContext);
      return { KeyId, Plaintext: plain.toString('base64'), CiphertextBlob: blob };
    }
    if (action === 'Decrypt') {
      return { Plaintext: unwrap(body.KeyId, body.CiphertextBlob as string, body.EncryptionContext).toString('base64'), KeyId: body.KeyId };
    }
    if (action === 'ReEncrypt') {
      const plain = unwrap(body.SourceKeyId, body.CiphertextBlob as string, body.SourceEncryptionContext);
      const { arn: KeyId, blob } = wrap(body.DestinationKeyId as string, plain, body.DestinationEncryptionContext);
      return { KeyId, CiphertextBlob: blob, SourceKeyId: body.SourceKeyId };
    }
    throw new Error('UnknownOperationException');
  }

  function wrap(name: string, plain: Buffer, context: Context = {}): { arn: string; blob: string } {
    const keyArn = arn(name);
    if (!keys.has(keyArn)) keys.set(keyArn, randomBytes(32));
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', keys.get(keyArn) as Buffer, nonce).setAAD(aad(context));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const blob = JSON.stringify({ arn: keyArn, nonce: nonce.toString('base64'), sealed: sealed.toString('base64') });
    return { arn: keyArn, blob: Buffer.from(blob).toString('base64') };
  }

  function unwrap(name: string | undefined, blob: string, context: Context = {}): Buffer {
    try {
      const kept = JSON.parse(Buffer.from(blob, 'base64').toString());
      if (name !== undefined && arn(name) !== kept.arn) throw new Error('IncorrectKeyException');
      const sealed = Buffer.from(kept.sealed, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', keys.get(kept.arn) as Buffer, Buffer.from(kept.nonce, 'base64')).setAAD(
        aad(context),
      );
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    } catch (error) {
      throw new Error((error as Error).message === 'IncorrectKeyException' ? 'IncorrectKeyException' : 'InvalidCiphertextException');
    }
  }

  double.endpoint = await listen(t, server);
  return double;
}

/** What the SDK reads of the environment. */
export const kmsEnvironment = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'of the double' };

function arn(name: string): string {
  return name.startsWith('arn:') ? name : `arn:aws:kms:eu-central-1:111122223333:key/${name.replace(/^alias\//, '')}`;
}

function aad(context: Context): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort()));
}
