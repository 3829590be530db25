"""What only the e-mail channel needs: bounded MIME parsing, quote stripping, threading, mailbox."""
