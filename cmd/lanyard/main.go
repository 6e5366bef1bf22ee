// Command lanyard is a self-hosted connections server and its command line; see lanyard help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"lanyard/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
