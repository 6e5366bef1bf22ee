package catalogtest

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/function"
	"lanyard/internal/registry"
)

// TestDynamicParameterInAScript runs a script as people write it: its URL holds the placeholder {domain}, which is filled
// with what the person gave who connected.
func TestDynamicParameterInAScript(t *testing.T) {
	st := newStage(t)
	source, err := os.ReadFile("testdata/merchandise.dg")
	st.must(err)
	s, err := st.registry.CreateService(t.Context(), st.owner, []byte(`{"link_name": "own_salesforce", "name": "Salesforce", "hosts": ["{domain}.my.salesforce.com"],
		"dynamic_parameters": [{"key": "domain", "name": "My Domain"}],
		"auth": {"type": "api_key", "parameters": [{"name": "Authorization", "param_type": "header", "prefix": "Bearer "}]}}`))
	st.must(err)
	st.begin(s.Service, map[string]string{"domain": "zylker"})
	st.given = map[string]lanyard.Secret{"Authorization": lanyard.NewSecret("typed-token")}
	st.task = &taskCase{Method: "GET", URL: "https://zylker.my.salesforce.com/services/data/v56.0/sobjects/Merchandise__c/updated/v2/read", Status: 200, Answer: `{"ids":["a01"],"latestDateCovered":"2026-11-26T08:00:00.000+0000"}`}
	_, err = st.registry.CreateConnection(t.Context(), st.owner, registry.ConnectionInput{LinkName: "salesforce_connection", Name: "Salesforce", Service: "own_salesforce"})
	st.must(err)
	functions := function.New(function.Config{Invoker: st.invoker, Registry: st.registry, Services: st.services, Store: st.keeper.Store, Logger: slog.New(slog.DiscardHandler)})
	run := func() *function.Outcome {
		o, err := functions.RunScript(t.Context(), st.owner, function.RunInput{Script: string(source) + "info response.get(\"ids\");"})
		st.must(err)
		return o
	}
	if o := run(); o.Error == nil || o.Error.Code != lanyard.CodeNotConnected || o.Error.ConnectURL == "" {
		t.Errorf("before anybody connected: %+v", o.Error)
	}
	_, err = st.keeper.Connect(t.Context(), st.owner, "salesforce_connection", credential.ConnectInput{Parameters: map[string]string{"domain": "zylker"}, Credentials: st.given})
	st.must(err)
	o := run()
	if faults, _ := st.end(); o.Error != nil || strings.Join(o.Output, "|") != "a01" || len(faults) > 0 {
		t.Errorf("printed %q, %+v; %v", o.Output, o.Error, faults)
	}
	if c := o.Calls; len(c) != 1 || c[0].Host != "zylker.my.salesforce.com" || c[0].Connection != "salesforce_connection" || c[0].Status != 200 || c[0].Line != 1 {
		t.Errorf("calls: %+v", c)
	}
}
