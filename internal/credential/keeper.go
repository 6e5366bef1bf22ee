package credential

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// Config is what [New] needs.
type Config struct {
	Store     *store.Store
	Services  *registry.Directory // where the services of connections are found
	Client    *http.Client        // the guarded one of package egress
	PublicURL string              // of this deployment, without a final slash
	// ReturnToOrigins are the origins (https://app.example.com) that a browser may be sent back to after connecting,
	// beside this deployment itself.
	ReturnToOrigins []string
	// ExchangeTimeout bounds one call of a token endpoint; 45 seconds when zero. It is long: a provider that rotates
	// refresh tokens has done its work when its answer is late, and who gives up and asks again loses the grant.
	ExchangeTimeout time.Duration
	// SweepEvery is the time between two looks of the background sweep; 15 seconds when zero.
	SweepEvery time.Duration
	Logger     *slog.Logger
	// OnRefresh is told of each request to a token endpoint for a refresh, for the metrics; err is nil when it worked.
	OnRefresh func(err error)
}

// Keeper opens credentials, keeps them fresh and ends them. It is safe for concurrent use.
type Keeper struct {
	Config
	connections *otter.Cache[connectionKey, *Connection]
	live        *otter.Cache[liveKey, *Live]
	epoch       epoch
	flights     singleflight.Group
	links       linkCache

	// Exchanges with a provider outlive the call that needed them: they run on this context, which ends only after
	// running ones had their time.
	background context.Context
	stop       context.CancelFunc
	running    sync.WaitGroup
}

// maxWarm is how many connections and authorizations are kept opened in memory. An entry is some kilobytes.
const maxWarm = 100_000

// New makes a Keeper. [Keeper.Run] does its background work, [Keeper.Close] ends it.
func New(c Config) *Keeper {
	if c.SweepEvery == 0 {
		c.SweepEvery = 15 * time.Second
	}
	if c.ExchangeTimeout == 0 {
		c.ExchangeTimeout = 45 * time.Second
	}
	if c.OnRefresh == nil {
		c.OnRefresh = func(error) {}
	}
	k := &Keeper{
		Config:      c,
		connections: otter.Must(&otter.Options[connectionKey, *Connection]{MaximumSize: maxWarm}),
		live:        otter.Must(&otter.Options[liveKey, *Live]{MaximumSize: maxWarm}),
	}
	k.background, k.stop = context.WithCancel(context.Background())
	return k
}

// Close waits for exchanges with providers that are under way, because their answers must not be lost, until ctx ends.
func (k *Keeper) Close(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		k.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		k.Logger.Warn("stopped while a provider had not answered", "remedy", "its connections may have to be connected again")
	}
	k.stop()
}
