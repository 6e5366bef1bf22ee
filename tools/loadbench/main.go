// Command loadbench measures the proxy path of Lanyard against a bare httputil.ReverseProxy that adds one header, side
// by side in one run, and prints ratios:
//
//	go run ./tools/loadbench [-c 64] [-rounds 6] [-seconds 5] [-calls 0]
//
// Everything is on: the API key is checked, connection and credential are looked up, host and address rules hold, and
// each call is recorded in the database. Upstream, proxy and Lanyard are processes of their own; the load comes from
// this one. The two take turns, so that a noisy machine is noisy for both, and each figure is the median of the rounds.
// With -calls N, Lanyard then gets that many calls more, and its memory before and after is printed.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	role := flag.String("role", "", "internal: upstream or bare")
	target := flag.String("target", "", "internal: where the bare proxy leads")
	conns := flag.Int("c", 64, "keep-alive connections")
	rounds := flag.Int("rounds", 6, "rounds of each")
	seconds := flag.Float64("seconds", 5, "seconds of a round")
	calls := flag.Int("calls", 0, "then send Lanyard this many calls, to see its memory")
	flag.Parse()
	var err error
	switch *role {
	case "upstream":
		err = upstream()
	case "bare":
		err = bare(*target)
	default:
		err = measure(*conns, *rounds, time.Duration(*seconds*float64(time.Second)), *calls)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadbench:", err)
		os.Exit(1)
	}
}

var answer = []byte("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024))

// upstream answers every request with 1 KiB, as cheaply as can be, so that what is measured is what stands before it.
func upstream() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			r := bufio.NewReader(c)
			for {
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						return
					}
					if len(line) <= 2 {
						break
					}
				}
				if _, err := c.Write(answer); err != nil {
					return
				}
			}
		}()
	}
}

// bare is the baseline: httputil.ReverseProxy on its own, adding one header.
func bare(target string) error {
	to, err := url.Parse(target)
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 1024
	transport.DisableCompression = true
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Set("X-Api-Key", "benchmark")
		},
		Transport:  transport,
		BufferPool: &pool{},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return (&http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

type pool struct{ p sync.Pool }

func (p *pool) Get() []byte {
	if b, ok := p.p.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 32<<10)
}
func (p *pool) Put(b []byte) { p.p.Put(&b) }

// child is a process that prints its address first.
type child struct {
	cmd  *exec.Cmd
	addr string
}

func start(find func(line string) string, name string, args ...string) (*child, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if addr := find(lines.Text()); addr != "" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return &child{cmd, addr}, nil
		}
	}
	_ = cmd.Process.Kill()
	return nil, fmt.Errorf("%s said no address", name)
}

func (c *child) stop() {
	_ = c.cmd.Process.Signal(os.Interrupt)
	_ = c.cmd.Wait()
}

// cpu is the processor time that the process has used.
func (c *child) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err1, err2) // a tick is 10 ms on Linux
}

// rss is the memory that the process holds, in MiB.
func (c *child) rss() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, errors.New("no VmRSS")
}

func measure(conns, rounds int, length time.Duration, calls int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "loadbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	first := func(line string) string { return line }
	up, err := start(first, self, "-role", "upstream")
	if err != nil {
		return err
	}
	defer up.stop()
	baseline, err := start(first, self, "-role", "bare", "-target", "http://"+up.addr)
	if err != nil {
		return err
	}
	defer baseline.stop()
	lanyard, key, err := startLanyard(dir, up.addr)
	if err != nil {
		return err
	}
	defer lanyard.stop()

	bareRequest := []byte("GET /x?q=1 HTTP/1.1\r\nHost: " + baseline.addr + "\r\nAccept: */*\r\nUser-Agent: loadbench\r\n\r\n")
	lanyardRequest := []byte("GET /v1/proxy/bench/x?q=1 HTTP/1.1\r\nHost: " + lanyard.addr + "\r\nAccept: */*\r\nUser-Agent: loadbench\r\nAuthorization: Bearer " + key + "\r\n\r\n")
	fmt.Printf("%d connections, %d rounds of %s each, %d CPUs, %s\n", conns, rounds, length, runtime.NumCPU(), runtime.Version())
	// Both warm up first.
	for _, w := range []struct {
		c *child
		r []byte
	}{{baseline, bareRequest}, {lanyard, lanyardRequest}} {
		if _, err := load(w.c, w.r, conns, time.Second, 0); err != nil {
			return err
		}
	}
	var b, l []result
	for range rounds {
		r, err := load(baseline, bareRequest, conns, length, 0)
		if err != nil {
			return err
		}
		b = append(b, r)
		if r, err = load(lanyard, lanyardRequest, conns, length, 0); err != nil {
			return err
		}
		l = append(l, r)
	}
	fmt.Printf("%-24s %14s %14s %10s\n", "", "ReverseProxy", "Lanyard", "ratio")
	row := func(name, format string, of func(result) float64) {
		x, y := median(b, of), median(l, of)
		fmt.Printf("%-24s %14s %14s %10.2f\n", name, fmt.Sprintf(format, x), fmt.Sprintf(format, y), y/x)
	}
	row("requests per second", "%.0f", func(r result) float64 { return r.rps })
	row("CPU per request", "%.1f µs", func(r result) float64 { return r.cpu })
	row("p50", "%.2f ms", func(r result) float64 { return r.p50 })
	row("p99", "%.2f ms", func(r result) float64 { return r.p99 })
	if calls > 0 {
		before, err := lanyard.rss()
		if err != nil {
			return err
		}
		for _, part := range []int{calls / 2, calls - calls/2} {
			if _, err := load(lanyard, lanyardRequest, conns, time.Hour, part); err != nil {
				return err
			}
			after, err := lanyard.rss()
			if err != nil {
				return err
			}
			fmt.Printf("memory: %.0f MiB before, %.0f MiB after %d calls more\n", before, after, part)
			before = after
		}
	}
	return nil
}

func median(rs []result, of func(result) float64) float64 {
	values := make([]float64, len(rs))
	for i, r := range rs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

type result struct{ rps, cpu, p50, p99 float64 }

// load sends the request over and over on each connection, for that long or (if calls is not 0) that often.
func load(c *child, request []byte, conns int, length time.Duration, calls int) (result, error) {
	before, err := c.cpu()
	if err != nil {
		return result{}, err
	}
	var sent atomic.Int64
	times := make([][]time.Duration, conns)
	errs := make([]error, conns)
	began := time.Now()
	until := began.Add(length)
	var wg sync.WaitGroup
	for i := range conns {
		wg.Go(func() { times[i], errs[i] = client(c.addr, request, until, &sent, int64(calls)) })
	}
	wg.Wait()
	took := time.Since(began)
	if err := errors.Join(errs...); err != nil {
		return result{}, err
	}
	after, err := c.cpu()
	if err != nil {
		return result{}, err
	}
	all := slices.Concat(times...)
	slices.Sort(all)
	n := float64(len(all))
	ms := func(p float64) float64 { return float64(all[int(p*(n-1))]) / float64(time.Millisecond) }
	return result{rps: n / took.Seconds(), cpu: float64((after - before).Microseconds()) / n, p50: ms(0.5), p99: ms(0.99)}, nil
}

func client(addr string, request []byte, until time.Time, sent *atomic.Int64, calls int64) ([]time.Duration, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := bufio.NewReaderSize(c, 8<<10)
	var times []time.Duration
	for time.Now().Before(until) && (calls == 0 || sent.Add(1) <= calls) {
		began := time.Now()
		if _, err := c.Write(request); err != nil {
			return nil, err
		}
		if err := readAnswer(r); err != nil {
			return nil, err
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}

func readAnswer(r *bufio.Reader) error {
	length := -1
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			rest, _ := io.ReadAll(io.LimitReader(r, 300))
			return fmt.Errorf("answer %q %q", line, rest)
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return err
			}
		}
		if len(line) <= 2 {
			break
		}
	}
	if length < 0 {
		return errors.New("an answer without Content-Length")
	}
	_, err := r.Discard(length)
	return err
}

// startLanyard builds and serves a Lanyard with one API-key connection to the upstream.
func startLanyard(dir, upstream string) (*child, string, error) {
	binary := filepath.Join(dir, "lanyard")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/lanyard").CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("build lanyard: %w\n%s", err, out)
	}
	data := filepath.Join(dir, "data")
	out, err := exec.Command(binary, "init", "--email", "bench@example.com", "--data", data, "--json").Output()
	if err != nil {
		return nil, "", fmt.Errorf("lanyard init: %w", err)
	}
	var made struct {
		APIKey string `json:"api_key"`
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return nil, "", err
	}
	c, err := start(func(line string) string {
		if rest, ok := strings.CutPrefix(line, "Lanyard listens on "); ok {
			return strings.Fields(rest)[0]
		}
		return ""
	}, binary, "serve", "--data", data, "--listen", "127.0.0.1:0", "--allow-network", "127.0.0.0/8", "--log-level", "error")
	if err != nil {
		return nil, "", err
	}
	for _, step := range []struct{ path, body string }{
		{"/v1/services", `{"link_name":"bench","name":"Bench","base_url":"http://` + upstream + `","hosts":["` + upstream + `"],
			"auth":{"type":"api_key","parameters":[{"name":"X-Api-Key","display_name":"Key","param_type":"header"}]}}`},
		{"/v1/connections", `{"link_name":"bench","name":"Bench","service":"bench"}`},
		{"/v1/connections/bench/connect", `{"credentials":{"X-Api-Key":"benchmark"}}`},
	} {
		if err := post("http://"+c.addr+step.path, made.APIKey, step.body); err != nil {
			c.stop()
			return nil, "", err
		}
	}
	return c, made.APIKey, nil
}

func post(url, key, body string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("POST %s: %s: %s", url, resp.Status, text)
	}
	return nil
}
