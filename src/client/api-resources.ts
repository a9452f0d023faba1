// Written by scripts/write-client-api.ts from the OpenAPI document. Change the routes instead.

/** Money that was seen on a chain. */
export type Payment = {
  readonly id: string
  readonly object: 'payment'
  /** Null: money that belongs to no invoice. */
  readonly invoice: string | null
  /** CAIP-19. */
  readonly asset: string
  readonly chain_id: number
  readonly symbol: string
  readonly decimals: number
  readonly kind: 'erc20' | 'native' | 'internal'
  /** Exact: no trailing zeros, no exponent. */
  readonly amount: string
  /** In smallest units of the asset. */
  readonly amount_units: string
  /** What of the amount counts; all of it until it is confirmed. */
  readonly counted: string
  /** In smallest units of the asset. */
  readonly counted_units: string
  /** Why less than the amount counts: no balance covers it, or it is dust. */
  readonly flag: 'shortfall' | 'dust' | null
  readonly from: string | null
  /** With its EIP-55 checksum. */
  readonly to: string
  readonly tx_hash: string | null
  readonly block_number: number
  readonly block_hash: string
  readonly log_index: number | null
  readonly position: 'included' | 'confirmed' | 'orphaned'
  /** What keeps it from being confirmed: the depth that was asked for, or the cap on what the chain credits before it is final. Null when it is confirmed or orphaned. */
  readonly waits_for: 'finality' | 'finality_cap' | null
  readonly confirmations: number
  readonly in_time: boolean
  /** The invoice accepts this asset. */
  readonly accepted: boolean
  /** The calls that brought coins which only a balance told of at first; absent otherwise. `tx_hash` and `from` are filled in where all of them agree. */
  readonly attributions?:
    | readonly {
        readonly tx_hash: string
        /** With its EIP-55 checksum. */
        readonly from: string
        /** Exact: no trailing zeros, no exponent. */
        readonly amount: string
        /** In smallest units of the asset. */
        readonly amount_units: string
      }[]
    | undefined
}

/** What is to be paid, and how it stands. */
export type Invoice = {
  readonly id: string
  readonly object: 'invoice'
  readonly store: string
  readonly status: 'open' | 'processing' | 'settled' | 'expired' | 'canceled' | 'reversed'
  readonly price: {
    /** As it was asked for. */
    readonly amount: string
    readonly currency: string
  }
  /** With its EIP-55 checksum. */
  readonly address: string
  readonly derivation_path: string
  readonly payment_options: readonly {
    /** CAIP-19. */
    readonly asset: string
    readonly chain_id: number
    readonly chain: string
    /** As wallets and exchanges call the network. */
    readonly network_name: string
    readonly symbol: string
    readonly decimals: number
    /** Exact: no trailing zeros, no exponent. */
    readonly amount_due: string
    /** In smallest units of the asset. */
    readonly amount_due_units: string
    /** What of this asset alone would complete the invoice. */
    readonly outstanding: string
    /** In smallest units of the asset. */
    readonly outstanding_units: string
    /** Exact: no trailing zeros, no exponent. */
    readonly excess: string
    /** In smallest units of the asset. */
    readonly excess_units: string
    readonly rate: {
      readonly value: string
      readonly source: string
      readonly at: string
    } | null
    /** When a payment counts: head - block + 1, or when the nodes call its block safe or finalized, and then so many blocks and seconds of block time more. */
    readonly finality: {
      readonly confirmations: number | 'safe' | 'finalized'
      readonly plus_blocks?: number | undefined
      readonly plus_s?: number | undefined
    }
    /** EIP-681. */
    readonly uri: string
  }[]
  readonly paid: {
    readonly underpaid: boolean
    readonly overpaid: boolean
    readonly late: boolean
  }
  /** The latest 20. */
  readonly payments: readonly Payment[]
  readonly payments_total: number
  readonly accepted_by_merchant: boolean
  readonly tolerance_bps: number
  /** At least so much may be missing, in the currency of the price. */
  readonly tolerance_amount: string | null
  readonly order_id: string | null
  readonly description: string | null
  readonly metadata: Readonly<Record<string, string | number | boolean | null>> | null
  readonly redirect_url: string | null
  readonly checkout_url: string
  readonly created_at: string
  readonly expires_at: string
  readonly settled_at: string | null
}

/** Something that happened, told once. */
export type Event = {
  readonly id: string
  readonly object: 'event'
  readonly type:
    | 'invoice.created'
    | 'invoice.processing'
    | 'invoice.settled'
    | 'invoice.underpaid'
    | 'invoice.overpaid'
    | 'invoice.expired'
    | 'invoice.canceled'
    | 'invoice.paid_late'
    | 'invoice.paid_after_cancel'
    | 'invoice.reopened'
    | 'invoice.reversed'
    | 'payment.detected'
    | 'payment.confirmed'
    | 'payment.orphaned'
    | 'payment.unexpected'
    | 'payment.unassigned'
    | 'refund.requested'
    | 'refund.sent'
    | 'refund.confirmed'
    | 'refund.failed'
    | 'refund.canceled'
    | 'alert.endpoint_disabled'
    | 'alert.invoice_burst'
    | 'alert.many_underpaid'
    | 'alert.repeated_reorgs'
    | 'alert.unexplained_balance'
    | 'endpoint.test'
  readonly timestamp: string
  /** 1, 2, 3 ... per invoice, without gaps. */
  readonly sequence: number | null
  readonly invoice: string | null
  /** The resource as it was at the event. */
  readonly data: Readonly<Record<string, unknown>>
}

/** Where events are sent. */
export type WebhookEndpoint = {
  readonly id: string
  readonly object: 'webhook_endpoint'
  readonly url: string
  readonly events: readonly (
    | '*'
    | 'invoice.created'
    | 'invoice.processing'
    | 'invoice.settled'
    | 'invoice.underpaid'
    | 'invoice.overpaid'
    | 'invoice.expired'
    | 'invoice.canceled'
    | 'invoice.paid_late'
    | 'invoice.paid_after_cancel'
    | 'invoice.reopened'
    | 'invoice.reversed'
    | 'payment.detected'
    | 'payment.confirmed'
    | 'payment.orphaned'
    | 'payment.unexpected'
    | 'payment.unassigned'
    | 'refund.requested'
    | 'refund.sent'
    | 'refund.confirmed'
    | 'refund.failed'
    | 'refund.canceled'
    | 'alert.endpoint_disabled'
    | 'alert.invoice_burst'
    | 'alert.many_underpaid'
    | 'alert.repeated_reorgs'
    | 'alert.unexplained_balance'
    | 'endpoint.test'
  )[]
  readonly status: 'enabled' | 'disabled'
  readonly disabled_reason: string | null
  /** Verifies the `v1a` signatures; null where the endpoint has no Ed25519 key. */
  readonly public_key: string | null
  readonly created_at: string
}

/** An endpoint with its secret. */
export type NewWebhookEndpoint = {
  readonly id: string
  readonly object: 'webhook_endpoint'
  readonly url: string
  readonly events: readonly (
    | '*'
    | 'invoice.created'
    | 'invoice.processing'
    | 'invoice.settled'
    | 'invoice.underpaid'
    | 'invoice.overpaid'
    | 'invoice.expired'
    | 'invoice.canceled'
    | 'invoice.paid_late'
    | 'invoice.paid_after_cancel'
    | 'invoice.reopened'
    | 'invoice.reversed'
    | 'payment.detected'
    | 'payment.confirmed'
    | 'payment.orphaned'
    | 'payment.unexpected'
    | 'payment.unassigned'
    | 'refund.requested'
    | 'refund.sent'
    | 'refund.confirmed'
    | 'refund.failed'
    | 'refund.canceled'
    | 'alert.endpoint_disabled'
    | 'alert.invoice_burst'
    | 'alert.many_underpaid'
    | 'alert.repeated_reorgs'
    | 'alert.unexplained_balance'
    | 'endpoint.test'
  )[]
  readonly status: 'enabled' | 'disabled'
  readonly disabled_reason: string | null
  /** Verifies the `v1a` signatures; null where the endpoint has no Ed25519 key. */
  readonly public_key: string | null
  readonly created_at: string
  /** Shown this once. */
  readonly secret: string
}

/** An event on its way to an endpoint. */
export type Delivery = {
  readonly id: string
  readonly object: 'delivery'
  readonly event: string
  readonly event_type:
    | 'invoice.created'
    | 'invoice.processing'
    | 'invoice.settled'
    | 'invoice.underpaid'
    | 'invoice.overpaid'
    | 'invoice.expired'
    | 'invoice.canceled'
    | 'invoice.paid_late'
    | 'invoice.paid_after_cancel'
    | 'invoice.reopened'
    | 'invoice.reversed'
    | 'payment.detected'
    | 'payment.confirmed'
    | 'payment.orphaned'
    | 'payment.unexpected'
    | 'payment.unassigned'
    | 'refund.requested'
    | 'refund.sent'
    | 'refund.confirmed'
    | 'refund.failed'
    | 'refund.canceled'
    | 'alert.endpoint_disabled'
    | 'alert.invoice_burst'
    | 'alert.many_underpaid'
    | 'alert.repeated_reorgs'
    | 'alert.unexplained_balance'
    | 'endpoint.test'
  readonly endpoint: string
  readonly invoice: string | null
  readonly status: 'pending' | 'delivered' | 'exhausted' | 'canceled'
  readonly attempts_made: number
  readonly next_attempt_at: string | null
  readonly created_at: string
  /** Oldest first. */
  readonly attempts: readonly {
    readonly id: string
    readonly at: string
    readonly outcome: 'delivered' | 'failed'
    readonly response_status: number | null
    readonly detail: string
    readonly response_excerpt: string
    readonly duration_ms: number
  }[]
}

/** Something an invoice may be paid in. */
export type Asset = {
  /** CAIP-19. */
  readonly id: string
  readonly object: 'asset'
  readonly chain_id: number
  readonly chain: string
  /** As wallets and exchanges call the network. */
  readonly network_name: string
  /** A local chain. */
  readonly test: boolean
  /** A public test network: its coins have no value. */
  readonly testnet: boolean
  readonly symbol: string
  readonly decimals: number
  /** Null for the native coin. */
  readonly token: string | null
  readonly ready: boolean
}

/** A shop: owner of invoices and keys. */
export type Store = {
  readonly id: string
  readonly object: 'store'
  readonly name: string
  readonly xpub_fingerprint: string
  /** Of invoices that name none; null: configured. */
  readonly tolerance_bps: number | null
  /** Seconds after the expiry in time; as above. */
  readonly grace_s: number | null
  /** Null: any. */
  readonly redirect_origins: readonly string[] | null
  /** May show the checkout page in a frame; null: none. */
  readonly frame_origins: readonly string[] | null
  /** Colour of the checkout page, `#0b6e4f`. */
  readonly accent: string | null
  /** Data URI of the picture on the checkout page. */
  readonly logo: string | null
  /** Whether a shopper may take a fresh price for an expired invoice; null: no. */
  readonly renew_expired: boolean | null
  readonly created_at: string
}

/** An API key, without the key. */
export type ApiKey = {
  readonly id: string
  readonly object: 'api_key'
  readonly name: string
  readonly prefix: string
  readonly scopes: readonly (
    | 'invoices:read'
    | 'invoices:write'
    | 'payments:read'
    | 'payments:write'
    | 'webhooks:manage'
    | 'events:read'
    | 'admin'
  )[]
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
  readonly last_used_at: string | null
}

/** An API key with the key itself. */
export type NewApiKey = {
  readonly id: string
  readonly object: 'api_key'
  readonly name: string
  readonly prefix: string
  readonly scopes: readonly (
    | 'invoices:read'
    | 'invoices:write'
    | 'payments:read'
    | 'payments:write'
    | 'webhooks:manage'
    | 'events:read'
    | 'admin'
  )[]
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
  readonly last_used_at: string | null
  /** Shown this once. */
  readonly key: string
}

/** Whether a new order can be promised. */
export type Readiness = {
  readonly status: 'ok' | 'not_ready' | 'not_configured'
  readonly detail?: string | undefined
  readonly chains: readonly {
    readonly chain_id: number
    readonly name: string
    readonly test: boolean
    readonly state: 'ok' | 'behind' | 'halted' | 'unreachable'
    readonly reason: string | null
    /** What a person must put right. */
    readonly detail: string | null
    readonly head: number | null
    readonly cursor: number | null
    readonly lag_s: number | null
    /** How the tags stand; null where none is followed. A fault makes large amounts wait. */
    readonly finality: {
      readonly finalized: number | null
      readonly safe: number | null
      readonly fault: 'missing' | 'stuck' | 'regressed' | 'disputed' | null
    } | null
    /** The most that is credited before it is final, and how many payments wait for room; null where there is no cap. */
    readonly finality_cap: {
      readonly cap: string
      readonly waiting: number | null
    } | null
    readonly providers: readonly {
      readonly name: string
      readonly head: number | null
    }[]
  }[]
  readonly database?:
    | {
        readonly state: 'ok' | 'fault'
        readonly reason: string | null
        readonly journal_mode: string
        readonly synchronous: number
        readonly foreign_keys: number
      }
    | undefined
}

/** A failure (RFC 9457). */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  /** Stable: branch on it. */
  readonly code: string
  readonly detail: string
  readonly request_id: string
  readonly errors?:
    | readonly {
        /** JSON pointer (RFC 6901) to the wrong field. */
        readonly pointer: string
        readonly parameter?: string | undefined
        readonly code: string
        readonly detail: string
      }[]
    | undefined
}

/** One transaction against the chain. */
export type TransactionCheck = {
  readonly object: 'transaction_check'
  /** `elsewhere`: it pays another address, or in an asset that is not watched. */
  readonly result: 'found' | 'pending' | 'unknown' | 'failed' | 'elsewhere'
  readonly tx_hash: string
  readonly chain_id: number | null
  readonly block_number: number | null
  readonly confirmations: number
  readonly invoice_status: 'open' | 'processing' | 'settled' | 'expired' | 'canceled' | 'reversed'
  readonly payments: readonly {
    /** CAIP-19. */
    readonly asset: string
    readonly chain_id: number
    readonly symbol: string
    /** Exact: no trailing zeros, no exponent. */
    readonly amount: string
    /** In smallest units of the asset. */
    readonly amount_units: string
    /** What of the amount counts; all of it until it is confirmed. */
    readonly counted: string
    /** In smallest units of the asset. */
    readonly counted_units: string
    /** Why less than the amount counts: no balance covers it, or it is dust. */
    readonly flag: 'shortfall' | 'dust' | null
    readonly tx_hash: string | null
    readonly position: 'included' | 'confirmed' | 'orphaned'
    /** What keeps it from being confirmed: the depth that was asked for, or the cap on what the chain credits before it is final. Null when it is confirmed or orphaned. */
    readonly waits_for: 'finality' | 'finality_cap' | null
    readonly confirmations: number
    readonly in_time: boolean
    /** The invoice accepts this asset. */
    readonly accepted: boolean
  }[]
}

/** What whoever has the link may see. */
export type CheckoutStatus = {
  readonly object: 'checkout'
  readonly status: 'open' | 'processing' | 'settled' | 'expired' | 'canceled' | 'reversed'
  readonly description: string | null
  readonly price: {
    /** As it was asked for. */
    readonly amount: string
    readonly currency: string
  }
  /** With its EIP-55 checksum. */
  readonly address: string
  readonly payment_options: readonly {
    /** CAIP-19. */
    readonly asset: string
    readonly chain_id: number
    readonly chain: string
    /** As wallets and exchanges call the network. */
    readonly network_name: string
    readonly symbol: string
    readonly decimals: number
    /** Exact: no trailing zeros, no exponent. */
    readonly amount_due: string
    /** In smallest units of the asset. */
    readonly amount_due_units: string
    /** What of this asset alone would complete the invoice. */
    readonly outstanding: string
    /** In smallest units of the asset. */
    readonly outstanding_units: string
    /** Exact: no trailing zeros, no exponent. */
    readonly excess: string
    /** In smallest units of the asset. */
    readonly excess_units: string
    readonly rate: {
      readonly value: string
      readonly source: string
      readonly at: string
    } | null
    /** When a payment counts: head - block + 1, or when the nodes call its block safe or finalized, and then so many blocks and seconds of block time more. */
    readonly finality: {
      readonly confirmations: number | 'safe' | 'finalized'
      readonly plus_blocks?: number | undefined
      readonly plus_s?: number | undefined
    }
    /** EIP-681. */
    readonly uri: string
  }[]
  /** Those it may be paid on, and how they are doing. */
  readonly chains: readonly {
    readonly chain_id: number
    readonly chain: string
    readonly state: 'ok' | 'behind' | 'halted' | 'unreachable'
  }[]
  readonly paid: {
    readonly underpaid: boolean
    readonly overpaid: boolean
    readonly late: boolean
  }
  readonly payments: readonly {
    /** CAIP-19. */
    readonly asset: string
    readonly chain_id: number
    readonly symbol: string
    /** Exact: no trailing zeros, no exponent. */
    readonly amount: string
    /** In smallest units of the asset. */
    readonly amount_units: string
    /** What of the amount counts; all of it until it is confirmed. */
    readonly counted: string
    /** In smallest units of the asset. */
    readonly counted_units: string
    /** Why less than the amount counts: no balance covers it, or it is dust. */
    readonly flag: 'shortfall' | 'dust' | null
    readonly tx_hash: string | null
    readonly position: 'included' | 'confirmed' | 'orphaned'
    /** What keeps it from being confirmed: the depth that was asked for, or the cap on what the chain credits before it is final. Null when it is confirmed or orphaned. */
    readonly waits_for: 'finality' | 'finality_cap' | null
    readonly confirmations: number
    readonly in_time: boolean
    /** The invoice accepts this asset. */
    readonly accepted: boolean
  }[]
  readonly payments_total: number
  readonly created_at: string
  readonly expires_at: string
  readonly settled_at: string | null
  readonly redirect_url: string | null
}

/** What a wallet is asked to sign. */
export type WalletTransaction = {
  readonly object: 'wallet_transaction'
  /** CAIP-19. */
  readonly asset: string
  readonly chain_id: number
  readonly amount: string
  readonly symbol: string
  /** For `eth_sendTransaction`; the wallet adds `from`. */
  readonly transaction: {
    /** With its EIP-55 checksum. */
    readonly to: string
    readonly value: string
    readonly data: string
  }
  /** For `wallet_switchEthereumChain`; with `rpcUrls` for `wallet_addEthereumChain`. */
  readonly network: {
    readonly chainId: string
    readonly chainName?: string | undefined
    readonly nativeCurrency?:
      | {
          readonly name: string
          readonly symbol: string
          readonly decimals: number
        }
      | undefined
    readonly rpcUrls?: readonly string[] | undefined
  }
}

/** Money that goes back to a shopper. */
export type Refund = {
  readonly id: string
  readonly object: 'refund'
  readonly invoice: string
  /** sent: a transaction pays it, named or in a block; confirmed: as deep as a payment must be. A reorg takes confirmed back to sent. */
  readonly status: 'requested' | 'sent' | 'confirmed' | 'failed' | 'canceled'
  /** CAIP-19. */
  readonly asset: string
  readonly chain_id: number
  readonly symbol: string
  readonly decimals: number
  /** Exact: no trailing zeros, no exponent. */
  readonly amount: string
  /** In smallest units of the asset. */
  readonly amount_units: string
  /** With its EIP-55 checksum. */
  readonly destination: string
  readonly reason: string | null
  readonly tx_hash: string | null
  readonly from: string | null
  /** Null while no block of our chain pays it. */
  readonly block_number: number | null
  readonly block_hash: string | null
  readonly created_at: string
  readonly updated_at: string
}

/** An address that somebody with the checkout link gave. Ask the shopper before you use it. */
export type RefundProposal = {
  readonly id: string
  readonly object: 'refund_proposal'
  readonly invoice: string
  /** With its EIP-55 checksum. */
  readonly destination: string
  readonly created_at: string
}

/** What a coin costs now. */
export type Rate = {
  readonly object: 'rate'
  /** CAIP-19. */
  readonly asset: string
  readonly chain_id: number
  readonly symbol: string
  readonly currency: string
  /** Currency per whole coin. Null: none is known now, and no price could be quoted. */
  readonly rate: {
    readonly value: string
    readonly source: string
    readonly at: string
  } | null
}

/** What arrived in an asset, what left the deposit addresses, and what is there. */
export type Balance = {
  readonly object: 'balance'
  /** CAIP-19. */
  readonly asset: string
  readonly chain_id: number
  readonly symbol: string
  readonly decimals: number
  /** Of invoices, accepted by them or not. */
  readonly assigned: string
  /** In smallest units of the asset. */
  readonly assigned_units: string
  /** Belongs to no invoice. */
  readonly unassigned: string
  /** In smallest units of the asset. */
  readonly unassigned_units: string
  /** The same as `received`. */
  readonly total: string
  /** In smallest units of the asset. */
  readonly total_units: string
  /** What arrived and is confirmed: the sum of `counted_units`. */
  readonly received: string
  /** In smallest units of the asset. */
  readonly received_units: string
  /** Left the deposit addresses, wherever it went. Null: not followed (coins). */
  readonly collected: string | null
  readonly collected_units: string | null
  /** Of what was collected, what was not received: not confirmed yet, or never counted. */
  readonly uncounted: string | null
  readonly uncounted_units: string | null
  /** Lies at the deposit addresses: received - collected + uncounted. */
  readonly available: string | null
  readonly available_units: string | null
}

/** Money that left a deposit address, by whomever it was sent. */
export type Outflow = {
  readonly id: string
  readonly object: 'outflow'
  /** CAIP-19. */
  readonly asset: string
  readonly chain_id: number
  readonly symbol: string
  readonly decimals: number
  readonly kind: 'erc20' | 'native' | 'internal'
  /** Exact: no trailing zeros, no exponent. */
  readonly amount: string
  /** In smallest units of the asset. */
  readonly amount_units: string
  /** The deposit address. */
  readonly from: string
  /** With its EIP-55 checksum. */
  readonly to: string
  readonly tx_hash: string | null
  readonly block_number: number
  readonly block_hash: string
  readonly block_time: string
  readonly log_index: number | null
  /** Orphaned: its block left; it counts nowhere. */
  readonly position: 'included' | 'orphaned'
}

/** The invoices of one day. */
export type DaySummary = {
  readonly object: 'day_summary'
  /** A day of UTC, by when invoices were made. */
  readonly date: string
  readonly invoices: number
  /** Settled now. */
  readonly settled: number
  /** Of the invoices; null without any. */
  readonly underpaid_share: number | null
  /** Of the invoices; null without any. */
  readonly late_share: number | null
  /** From made to settled, in seconds. */
  readonly median_settle_s: number | null
  readonly volumes: readonly {
    /** CAIP-19. */
    readonly asset: string
    readonly symbol: string
    readonly decimals: number
    /** That were paid in it. */
    readonly invoices: number
    /** Confirmed and accepted payments of these invoices. */
    readonly volume: string
    /** In smallest units of the asset. */
    readonly volume_units: string
  }[]
}
