// One sale through the generated client, as a till makes it. `make clients` compiles and runs this file.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import {
  Configuration,
  ResponseError,
  TillMembersApi,
  TillSalesApi,
  TillSignInApi,
} from "../build/clients/typescript-fetch/index";

function setting(name: string): string {
  const value = process.env[name];
  assert(value !== undefined, `${name} is not set`);
  return value;
}

const basePath = setting("COMEBACK_URL");
const phone = setting("MEMBER_PHONE");

async function signedIn(): Promise<Configuration> {
  const api = new TillSignInApi(new Configuration({ basePath }));
  const session = await api.createTerminalSession({ terminalSignIn: { key: setting("TERMINAL_KEY") } });
  assert.equal(session.currency, "RUB");
  return new Configuration({ basePath, accessToken: session.accessToken });
}

async function refusalOf(call: Promise<unknown>): Promise<{ status: number; code: string }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    return (await error.response.json()) as { status: number; code: string };
  }
  return assert.fail("it was not refused");
}

async function sell(): Promise<void> {
  const configuration = await signedIn();
  const members = new TillMembersApi(configuration);
  const sales = new TillSalesApi(configuration);

  const stranger = await refusalOf(members.lookUpMember({ lookup: { phone: "+79990000002" } }));
  assert.deepEqual([stranger.status, stranger.code], [404, "member_not_found"]);

  const customer = await members.lookUpMember({ lookup: { phone } });
  const basket = {
    currency: "RUB",
    lines: [{ id: "1", sku: "espresso", quantity: "2", amountMinor: 10_000 }],
    totalMinor: 10_000,
    member: { token: customer.memberToken },
  };
  const quote = await sales.quoteBasket({ quoteRequest: basket });
  assert.deepEqual(quote.earn, [{ wallet: "points", points: 100 }]);
  assert.equal(quote.toPayMinor, 10_000);

  const sale = {
    idempotencyKey: randomUUID(),
    purchaseRequest: {
      ...basket,
      receipt: { number: "0001", businessDate: new Date() },
      occurredAt: new Date(),
      quote: quote.token,
      print: true,
    },
  };
  const receipt = await sales.recordPurchase(sale);
  assert.equal(receipt.memberId, customer.memberId);
  assert.deepEqual(receipt.balances, [{ wallet: "points", balance: 100 }]);
  assert.deepEqual(await sales.recordPurchase(sale), receipt, "the same sale gets the same receipt again");
  console.log(`journey: receipt ${receipt.id} earned ${receipt.earned[0]?.points} points`);
}

sell().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
