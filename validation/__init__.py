"""What funnelsim claims of its own answers, one module a claim: `make validate` checks them all."""
