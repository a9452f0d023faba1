/** Chinese, in simplified characters. */
import type { Texts } from './en.ts'

export const zh: Texts = {
  direction: 'ltr',
  skip: '跳到付款信息',
  language: '语言',
  total: '应付金额',
  order: '订单',
  testMoney: '这是测试网络，其代币没有价值。请勿转入真实资金。',

  heading: {
    waiting: '等待付款',
    part_paid: '已收到部分款项',
    ending: '时间已到',
    seen: '已看到付款',
    paid: '已付清',
    overpaid: '已付清，且金额多于应付',
    expired: '此付款请求已过期',
    expired_part: '已过期，仅付了一部分',
    paid_late: '逾期付款',
    canceled: '此付款请求已取消',
    canceled_paid: '取消之后收到付款',
    reversed: '付款已被撤销',
  },
  words: {
    waiting: '网络上一出现您的付款，本页面就会自动更新。',
    part_paid: '还差余款。请以同样方式转到同一地址。',
    ending: '现在请不要再发起付款。已经发出的付款仍会继续查找。',
    seen: '网络已收到。确认数足够后会通知商家，您可以关闭本页面。',
    paid: '付款已完成，商家已收到通知。您无需再做任何操作。',
    overpaid: '订单已完成。多付的部分商家可以看到，请联系商家退回。',
    expired: '请不要再向此地址转账：报价已经失效。',
    expired_part:
      '期限内收到的金额少于应付金额。请不要再转账；商家能看到已到账的部分，并会与您商定如何处理。',
    paid_late: '款项到账时报价已经失效。资金没有丢失：商家可以看到，会接受或退回。',
    canceled: '商家已撤回此请求。请不要向此地址转账。',
    canceled_paid: '商家可以看到您的付款，会接受或退回。',
    reversed:
      '包含您付款的区块被网络舍弃。付款往往几分钟内会自动恢复。再次付款之前，请先查看您的钱包。',
  },
  arrived: (amounts) => `目前已到账：${amounts}`,
  over: (amount) => `多付：${amount}`,
  askSeller: '对订单有疑问？请联系商家，并提供交易哈希。',

  payBefore: '报价有效至',
  timeLeft: '剩余时间',

  chooseTitle: '付款方式',
  change: '更换',
  chosen: '已选择',
  on: (symbol, chain) => `${symbol}（${chain}）`,
  higherFee: '网络费用较高',
  network: '网络',
  everydayName: (name) => `钱包和交易所称之为 ${name}。`,

  amountTitle: '金额',
  amountRest: '尚缺金额',
  exactly: '到账金额必须与此完全一致。',
  copyAmount: '复制金额',
  addressTitle: '地址',
  compare: (first, last) => `请在钱包中核对：开头为 ${first}，结尾为 ${last}。`,
  copyAddress: '复制地址',
  copied: '已复制',

  codeTitle: '二维码',
  codeWallet: '钱包',
  codeAddress: '仅地址',
  codeWalletHint: '自动填写地址、网络、代币和金额。',
  codeAddressHint: '适用于交易所和简单的钱包。网络、代币和金额请自行选择。',
  codeWalletLabel: (amount, on) => `二维码：支付 ${amount} ${on}`,
  codeAddressLabel: (address) => `二维码：地址 ${address}`,
  openWallet: '在钱包应用中打开',
  payWith: (wallet) => `使用 ${wallet} 付款`,
  browserWallet: '浏览器钱包',
  exchangeWarning: (amount, network) =>
    `从交易所付款？交易所会从金额中扣除提现手续费。请确保在 ${network} 上实际到账 ${amount}。`,

  wallet: {
    working: '请查看您的钱包并确认。',
    sent: '已发送。网络上一出现这笔付款，本页面就会更新。',
    refused: '已在钱包中拒绝，没有发送任何款项。',
    network: '您的钱包没有此网络，或未切换过来。请在钱包中添加，或使用二维码。',
    failed: '钱包没有发送。请检查余额和网络，或使用二维码。',
  },

  trouble: {
    behind: (chain) => `我们对 ${chain} 的同步有延迟。付款仍会被找到，只是比平时晚一些。`,
    unreachable: (chain) =>
      `目前无法连接 ${chain}。付款之后会自动被找到；如有可能，请选择其他网络或稍候。`,
    halted: (chain) =>
      `${chain} 正由运营者检查，暂停使用。现在请不要用它付款：请选择其他网络或联系商家。`,
  },

  paymentsTitle: '付款记录',
  position: {
    included: '已在网络上看到',
    confirmed: '已确认',
    orphaned: '已被网络撤销',
  },
  confirmations: (count, needed) => `${count} / ${needed} 次确认`,
  untilFinal: '等待网络最终确认',
  notAccepted: '此订单不能用它支付。请联系商家退回。',
  late: '超过期限',
  dust: '金额太小，不计入',
  shortfall: (amount) => `其中 ${amount} 已计入`,
  transaction: '交易',

  renewTitle: '仍想购买？',
  renewText: '您将按当前价格获得新的金额和新的地址。',
  renewButton: '获取最新报价',

  receiptTitle: '收据',
  receipt: {
    seller: '商家',
    price: '价格',
    received: '已收到',
    time: '结清时间',
    address: '收款地址',
  },
  print: '打印收据',

  hashTitle: '已付款但此处没有显示？',
  hashLabel: '我已付款，交易哈希如下',
  hashButton: '查找',
  checked: {
    found: '已找到这笔交易，见上方列表。',
    pending: '这笔交易已知，正在等待进入区块。本页面会自动显示。',
    unknown: '没有节点知道这笔交易。请检查哈希和网络。',
    failed: '这笔交易在链上失败，没有付款。',
    elsewhere: '这笔交易没有付款到本请求的地址。',
    malformed: '这不是交易哈希：应为 0x 加 64 位数字或字母 a 到 f。',
  },

  refundTitle: '如需退款',
  refundLabel: '您自己在付款网络上的地址',
  refundHint:
    '商家会看到此地址并作决定。请不要填写您提现所用的交易所地址：退回的款项可能无法入账。',
  refundButton: '留下地址',
  refund: {
    proposed: '商家现在可以看到您的地址。',
    malformed: '这不是地址：应为 0x 加 40 位数字或字母 a 到 f，请完整复制。',
    full: '此订单留下的地址已经足够。请联系商家。',
  },

  problem: {
    unknown: {
      heading: '没有这个付款请求',
      words: '链接有误或不完整。请从商店重新打开；请勿向来自其他渠道的地址付款。',
    },
    busy: {
      heading: '请求过多',
      words: '请等待一分钟后重新加载本页面。您已发出的付款仍会被找到。',
    },
    failed: {
      heading: '现在无法完成',
      words: '没有任何更改。请返回并在几分钟后重试；您已发出的付款仍会被找到。',
    },
    reference: (id: string) => `联系商家时请提供：${id}`,
  },

  back: '返回商店',
  footer: '资金直接转给商家。无需注册账户，也不会创建账户。',
}
