package peer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// Root is the folder of this repository: the nearest one at or above the working directory (go test runs a test in the
// folder of its package) whose go.mod declares module lanyard.
func Root() (string, error) { return root() }

var root = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module lanyard\n")) {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod of module lanyard at or above the working directory")
		}
		dir = up
	}
})

// Dir is a folder of the repository, given by its path below [Root].
func Dir(path string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, filepath.FromSlash(path)), nil
}

// NodeModules installs what dir/package-lock.json lists and returns the folder that holds node_modules.
func NodeModules(ctx context.Context, dir string) (string, error) {
	inputs := []string{filepath.Join(dir, "package.json"), filepath.Join(dir, "package-lock.json")}
	return install("node", inputs, func(to string) error {
		for _, from := range inputs {
			b, err := os.ReadFile(from)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, filepath.Base(from)), b, 0o600); err != nil {
				return err
			}
		}
		return run(ctx, to, nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	})
}

// GoTools builds the tools that dir/go.mod names and returns the folder that holds the executables.
func GoTools(ctx context.Context, dir string) (string, error) {
	inputs := []string{filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")}
	return install("go-"+runtime.GOARCH, inputs, func(to string) error {
		return run(ctx, dir, []string{"CGO_ENABLED=0", "GOWORK=off"}, "go", "build", "-o", to+"/", "tool")
	})
}

// install does something once per user and machine: fill is given an empty folder, which becomes the result once fill
// succeeded. The result is named after the contents of the inputs. Any number of processes may ask at once.
func install(name string, inputs []string, fill func(dir string) error) (string, error) {
	sum := sha256.New()
	for _, path := range inputs {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%d\n%s", len(b), b)
	}
	cache, err := cacheDir("")
	if err != nil {
		return "", err
	}
	final := filepath.Join(cache, name+"-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(final); err == nil {
		return final, nil
	}
	lock, err := lockFile(final+".lock", syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer lock.Close() // closing drops the lock
	if _, err := os.Stat(final); err == nil {
		return final, nil // another process was first
	}
	dir, err := os.MkdirTemp(cache, name+"-unfinished-")
	if err != nil {
		return "", err
	}
	if err := fill(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return final, os.Rename(dir, final)
}

func cacheDir(below string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "lanyard-test", below)
	return dir, os.MkdirAll(dir, 0o700)
}

func run(ctx context.Context, dir string, env []string, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s in %s: %w\n%s", cmd, dir, err, out)
	}
	return nil
}
