// Command host-application is a small product whose customers connect accounts of their own through Lanyard, without
// ever signing in to it. It shows the two endpoints that such a product needs, and the one comparison that it must make:
// see docs/embedding.md.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	app := &application{
		Lanyard: os.Getenv("LANYARD_URL"), Key: os.Getenv("LANYARD_API_KEY"),
		URL: or(os.Getenv("APPLICATION_URL"), "http://localhost:3000"), Connection: or(os.Getenv("CONNECTION"), "files"), Path: or(os.Getenv("FILES_PATH"), "/"),
	}
	if app.Lanyard == "" || app.Key == "" {
		log.Fatal("LANYARD_URL and LANYARD_API_KEY say where Lanyard is, and how to call it")
	}
	server := &http.Server{Addr: "127.0.0.1:3000", Handler: app.handler(), ReadHeaderTimeout: 10 * time.Second}
	log.Print("listening on ", server.Addr)
	log.Fatal(server.ListenAndServe())
}

func or(value, standard string) string {
	if value == "" {
		return standard
	}
	return value
}

// customer is somebody who uses this application. ID is what Lanyard knows as the external_id.
type customer struct{ ID, Name string }

// customers stand for an application's own accounts; anybody can say to be one of them here.
var customers = []customer{
	{"customer-1", "The first customer"},
	{"customer-2", "The second customer"},
}

type application struct {
	Lanyard, Key string // where Lanyard is, and an API key that acts for users
	URL          string // of this application; its origin is among the key's return_to_origins
	Connection   string // the link name of a connection with "Use credentials of login user"
	Path         string // what to read through it

	mu       sync.Mutex
	sessions map[string]customer // who is signed in here, by cookie
}

func (a *application) handler() http.Handler {
	a.sessions = map[string]customer{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.page)
	mux.HandleFunc("GET /app.js", script)
	mux.HandleFunc("POST /sign-in", a.signIn)
	mux.HandleFunc("POST /lanyard/connect", a.signedIn(a.connect))
	mux.HandleFunc("POST /lanyard/confirm", a.signedIn(a.confirm))
	mux.HandleFunc("GET /lanyard/return", a.signedIn(a.comeBack))
	mux.HandleFunc("POST /files", a.signedIn(a.files))
	// A form or script of another site never acts here in a customer's name.
	return http.NewCrossOriginProtection().Handler(mux)
}

// connect begins to connect the account of whoever is signed in here.
func (a *application) connect(w http.ResponseWriter, r *http.Request, c customer) error {
	var made json.RawMessage
	begin := func() error {
		return a.call(r.Context(), "/v1/connect_sessions", "", map[string]any{
			"connection": a.Connection, "user": c.ID, "return_to": a.URL + "/lanyard/return", "display": "popup",
		}, &made)
	}
	err := begin()
	if errors.Is(err, errNotFound) {
		// Lanyard does not know the customer yet. From now on it does, by the id that we have for them.
		err = a.call(r.Context(), "/v1/users", "", map[string]any{"external_id": c.ID, "name": c.Name}, nil)
		if err == nil {
			err = begin()
		}
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(made)
	return err
}

// confirm binds what the pop-up reported.
func (a *application) confirm(w http.ResponseWriter, r *http.Request, c customer) error {
	var in struct{ Session, Code string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000)).Decode(&in); err != nil {
		return err
	}
	if err := a.bind(r.Context(), c, in.Session, in.Code); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// comeBack binds what a browser brings back that has no pop-up, or lost the tie to it.
func (a *application) comeBack(w http.ResponseWriter, r *http.Request, c customer) error {
	q, told := r.URL.Query(), "It is connected."
	if q.Get("code") == "" {
		told = "It is not connected."
	} else if err := a.bind(r.Context(), c, q.Get("session"), q.Get("code")); err != nil {
		return err
	}
	http.Redirect(w, r, "/?told="+url.QueryEscape(told), http.StatusSeeOther) // without the code in the address
	return nil
}

// bind confirms a connect session for the customer who is signed in here, in this browser. This is the comparison that
// matters: if somebody was sent another customer's link, Lanyard refuses, and binds nothing.
func (a *application) bind(ctx context.Context, c customer, session, code string) error {
	return a.call(ctx, "/v1/connect_sessions/"+url.PathEscape(session)+"/confirm", "", map[string]any{"code": code, "user": c.ID}, nil)
}

// files reads the customer's files, with the customer's own account.
func (a *application) files(w http.ResponseWriter, r *http.Request, c customer) error {
	var answer struct {
		Status int
		Body   json.RawMessage
	}
	if err := a.call(r.Context(), "/v1/invoke", c.ID, map[string]any{"connection": a.Connection, "url": a.Path}, &answer); err != nil {
		return err
	}
	return a.show(w, c, string(answer.Body))
}

var errNotFound = errors.New("Lanyard knows no such connection or user") //nolint:staticcheck // a name

// call is a call of Lanyard's API, for a customer where one is named.
func (a *application) call(ctx context.Context, path, customer string, body, into any) error {
	sent, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Lanyard+path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.Key)
	req.Header.Set("Content-Type", "application/json")
	if customer != "" {
		req.Header.Set("Lanyard-User", customer)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusNotFound:
		return errNotFound
	case resp.StatusCode >= 300:
		var problem struct{ Detail string }
		_ = json.Unmarshal(answer, &problem)
		return fmt.Errorf("Lanyard says: %s", problem.Detail) //nolint:staticcheck // a name
	case into == nil:
		return nil
	}
	return json.Unmarshal(answer, into)
}

// signedIn lets in who is signed in to this application.
func (a *application) signedIn(h func(http.ResponseWriter, *http.Request, customer) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, ok := a.who(r)
		if !ok {
			http.Error(w, "Sign in first.", http.StatusUnauthorized)
			return
		}
		if err := h(w, r, c); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	}
}

func (a *application) who(r *http.Request) (customer, bool) {
	cookie, err := r.Cookie("application")
	if err != nil {
		return customer{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.sessions[cookie.Value]
	return c, ok
}

func (a *application) signIn(w http.ResponseWriter, r *http.Request) {
	for _, c := range customers {
		if c.ID == r.PostFormValue("customer") {
			value := rand.Text()
			a.mu.Lock()
			a.sessions[value] = c
			a.mu.Unlock()
			http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the URL: over plain http such a cookie would not come back
				Name: "application", Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(a.URL, "https:"),
			})
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *application) page(w http.ResponseWriter, r *http.Request) {
	c, _ := a.who(r)
	if err := a.show(w, c, r.URL.Query().Get("told")); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (a *application) show(w http.ResponseWriter, c customer, told string) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src data:; script-src 'self' "+a.Lanyard+"; frame-ancestors 'none'")
	return page.Execute(w, map[string]any{"Customer": c, "Customers": customers, "Told": told, "Lanyard": a.Lanyard})
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A host application</title><link rel="icon" href="data:,">
<script src="{{.Lanyard}}/embed.js" defer></script><script src="/app.js" defer></script>
<h1>A host application</h1>
{{if .Customer.ID}}
<p>You are {{.Customer.Name}}.</p>
<button type="button" data-lanyard-connect="/lanyard/connect" data-lanyard-confirm="/lanyard/confirm">Connect my files</button>
<form method="post" action="/files"><button>Show my files</button></form>
<p role="status" id="told">{{.Told}}</p>
{{end}}
<form method="post" action="/sign-in">{{range .Customers}}<button name="customer" value="{{.ID}}">Sign in as {{.Name}}</button> {{end}}</form>
</html>`))

func script(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript")
	_, _ = io.WriteString(w, `"use strict";
const told = (text) => { document.getElementById("told").textContent = text; };
document.addEventListener("lanyard:connected", () => told("It is connected."));
document.addEventListener("lanyard:failed", (event) => told("It is not connected: " + event.detail.reason));
`)
}
