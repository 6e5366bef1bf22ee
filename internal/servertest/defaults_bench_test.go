package servertest_test

import (
	"fmt"
	"testing"

	"lanyard/internal/servertest"
)

// BenchmarkDefaultServicesPage is the page with everything that comes with Lanyard, and with ten services.
func BenchmarkDefaultServicesPage(b *testing.B) {
	ten := map[string]string{}
	for i := range 10 {
		ten[fmt.Sprintf("tools/tool_%d", i)] = defaultKey(fmt.Sprintf("Tool %d", i), fmt.Sprintf("tool_%d", i), "https://api.example.com")
	}
	for name, l := range map[string]*servertest.Lanyard{"all": servertest.Start(b), "ten": servertest.Start(b, withCatalog(b, ten))} {
		browser := l.Browser(b)
		for _, path := range []string{"", "?q=git", "?q=githbu", "?category=crm", "?q=a&show=120"} {
			b.Run(name+path, func(b *testing.B) {
				size := 0
				for b.Loop() {
					size = len(servertest.Get(b, browser, l.URL+"/services"+path).Body)
				}
				b.ReportMetric(float64(size), "B/page")
			})
		}
	}
}
