/** English, and the form of every other language: a file that lacks a key does not compile. */

export type Texts = typeof en

export const en = {
  direction: 'ltr' as 'ltr' | 'rtl',
  skip: 'Skip to the payment details',
  language: 'Language',
  total: 'To pay',
  order: 'Order',
  testMoney: 'Test network: its coins have no value. Do not send real money.',

  heading: {
    waiting: 'Waiting for your payment',
    part_paid: 'A part has arrived',
    ending: 'Time is up',
    seen: 'Payment seen',
    paid: 'Paid',
    overpaid: 'Paid, and more than was due',
    expired: 'This request has expired',
    expired_part: 'Expired with a part paid',
    paid_late: 'Paid after the deadline',
    canceled: 'This request was canceled',
    canceled_paid: 'Paid after it was canceled',
    reversed: 'The payment was undone',
  },
  words: {
    waiting: 'This page changes by itself as soon as the network shows your payment.',
    part_paid: 'The rest is still missing. Send it to the same address, in the same way.',
    ending: 'Do not start a payment now. One that you already sent is still being looked for.',
    seen: 'The network has it. The seller is told when it is deep enough; you may close this page.',
    paid: 'The payment is complete and the seller has been told. Nothing else is needed.',
    overpaid: 'The order is complete. The seller sees what is over; ask there to have it back.',
    expired: 'Do not send money to this address any more: the price no longer holds.',
    expired_part:
      'Less than the amount due came in time. Do not send more here; the seller sees what arrived ' +
      'and decides with you.',
    paid_late:
      'Your money arrived when the price no longer held. It is not lost: the seller sees it, and ' +
      'accepts it or sends it back.',
    canceled: 'The seller has withdrawn it. Do not send money to this address.',
    canceled_paid: 'The seller sees your payment, and accepts it or sends it back.',
    reversed:
      'The network dropped the block with your payment. Often it returns by itself within minutes. ' +
      'Look into your wallet before you send again.',
  },
  arrived: (amounts: string) => `Arrived so far: ${amounts}`,
  over: (amount: string) => `More than due: ${amount}`,
  askSeller: 'Questions about the order? Ask the seller, and give the transaction hash.',

  payBefore: 'Price holds until',
  timeLeft: 'Time left',

  chooseTitle: 'Pay with',
  change: 'Change',
  chosen: 'chosen',
  on: (symbol: string, chain: string) => `${symbol} on ${chain}`,
  higherFee: 'higher network fee',
  network: 'Network',
  everydayName: (name: string) => `Wallets and exchanges call it ${name}.`,

  amountTitle: 'Amount',
  amountRest: 'Amount still missing',
  exactly: 'Exactly this amount has to arrive.',
  copyAmount: 'Copy amount',
  addressTitle: 'Address',
  compare: (first: string, last: string) =>
    `Compare in your wallet: it begins with ${first} and ends with ${last}.`,
  copyAddress: 'Copy address',
  copied: 'Copied',

  codeTitle: 'QR code',
  codeWallet: 'For wallets',
  codeAddress: 'Address only',
  codeWalletHint: 'Fills in address, network, token and amount.',
  codeAddressHint: 'For exchanges and simple wallets. Choose network, token and amount yourself.',
  codeWalletLabel: (amount: string, on: string) => `QR code: payment of ${amount} ${on}`,
  codeAddressLabel: (address: string) => `QR code: address ${address}`,
  openWallet: 'Open in a wallet app',
  payWith: (wallet: string) => `Pay with ${wallet}`,
  browserWallet: 'browser wallet',
  exchangeWarning: (amount: string, network: string) =>
    `Paying from an exchange? It takes its withdrawal fee out of the amount. Make sure that ${amount} ` +
    `arrive, on ${network}.`,

  wallet: {
    working: 'Look at your wallet: it asks you to confirm.',
    sent: 'Sent. This page changes as soon as the network shows it.',
    refused: 'Refused in the wallet. Nothing was sent.',
    network:
      'Your wallet does not know this network, or stays on another. Add it there, or use the code.',
    failed: 'The wallet did not send it. Check balance and network, or use the QR code.',
  },

  trouble: {
    behind: (chain: string) =>
      `Our view of ${chain} is behind. Payments are found all the same, only later than usual.`,
    unreachable: (chain: string) =>
      `${chain} cannot be reached at the moment. A payment is found later by itself; if you can, ` +
      'choose another network or wait.',
    halted: (chain: string) =>
      `${chain} is stopped for a check by the operator. Please do not pay on it now: choose another ` +
      'network or ask the seller.',
  },

  paymentsTitle: 'Payments',
  position: {
    included: 'Seen on the network',
    confirmed: 'Confirmed',
    orphaned: 'Undone by the network',
  },
  confirmations: (count: number, needed: number) => `${count} of ${needed} confirmations`,
  untilFinal: 'Waiting until the network calls it final',
  notAccepted: 'This order cannot be paid with it. Ask the seller to send it back.',
  late: 'After the deadline',
  dust: 'Too little to count',
  shortfall: (amount: string) => `${amount} of it counted`,
  transaction: 'Transaction',

  renewTitle: 'Still want it?',
  renewText: 'You get a new amount and a new address at the price of now.',
  renewButton: 'Get a fresh price',

  receiptTitle: 'Receipt',
  receipt: {
    seller: 'Seller',
    price: 'Price',
    received: 'Received',
    time: 'Settled',
    address: 'Paid to',
  },
  print: 'Print the receipt',

  hashTitle: 'Paid, and not shown here?',
  hashLabel: 'I have paid: here is the transaction hash',
  hashButton: 'Look for it',
  checked: {
    found: 'The transaction was found. It is listed above.',
    pending: 'The transaction is known and waits for its block. This page shows it by itself.',
    unknown: 'No node knows this transaction. Check the hash and the network.',
    failed: 'This transaction failed on the chain. Nothing was paid by it.',
    elsewhere: 'This transaction does not pay the address of this request.',
    malformed: 'This is no hash: 0x and 64 digits or letters from a to f.',
  },

  refundTitle: 'If money has to go back',
  refundLabel: 'Your own address on the network you paid on',
  refundHint:
    'The seller sees it and decides. Not an address of an exchange you withdrew from: it may not credit ' +
    'what comes back.',
  refundButton: 'Leave address',
  refund: {
    proposed: 'The seller sees your address now.',
    malformed: 'This is no address: 0x and 40 digits or letters from a to f, copied whole.',
    full: 'Enough addresses were left for this order. Ask the seller.',
  },

  problem: {
    unknown: {
      heading: 'There is no such payment request',
      words:
        'The link is wrong or was cut off. Open it again from the shop; do not send money to an address ' +
        'you have from elsewhere.',
    },
    busy: {
      heading: 'Too many requests',
      words:
        'Wait a minute, then load this page again. A payment you already sent is found all the same.',
    },
    failed: {
      heading: 'This cannot be done now',
      words:
        'Nothing was changed. Go back and try again in a few minutes; a payment you already sent is ' +
        'found all the same.',
    },
    reference: (id: string) => `For questions to the seller: ${id}`,
  },

  back: 'Return to the shop',
  footer: 'The money goes straight to the seller. No account is needed, and none is made.',
}
