"""A few pages for three circles of readers, for tests of the doors."""

from __future__ import annotations

CHECKOUT = """\
---
title: Checkout API returns 5xx after a deploy
kind: runbook
service: checkout-api
owner: team-payments
alerts: [CheckoutHighErrorRate, checkout_errors]
acl: [public]
last_reviewed: 2020-01-01
---
# Checkout API returns 5xx after a deploy

The error rate of checkout rises within minutes of a deploy.

## Mitigation

Look at the pods first:

```bash
kubectl -n checkout-api get pods
```

Then roll back the checkout deploy:

```bash
kubectl -n checkout-api rollout undo deploy/checkout
```
"""
LEDGER = """\
---
title: Ledger out of balance
kind: runbook
service: ledger
alerts: [LedgerOutOfBalance]
acl: [team:payments]
---
# Ledger out of balance

Compare the ledger snapshot with the acquirer statement before the next settlement.
"""
SECRET = """\
---
title: Rotate the acquirer secrets
kind: runbook
service: vault
alerts: [CheckoutHighErrorRate, AcquirerSecretLeaked]
acl: [team:security]
---
# Rotate the acquirer secrets

The zanzibar vault path holds the acquirer secrets: revoke the checkout lease and rotate them.
"""
PAGES = {
    "payments/checkout-5xx.md": CHECKOUT,
    "payments/ledger.md": LEDGER,
    "security/rotate.md": SECRET,
}
