package api

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

type invocation struct {
	ID            string    `json:"id" doc:"Names the record"`
	At            time.Time `json:"at" doc:"When the call began"`
	Connection    string    `json:"connection" doc:"The link name of the connection; empty for a call without one"`
	User          string    `json:"user" doc:"The id of the acting user; empty for a call that acted for nobody"`
	Key           string    `json:"key" doc:"The id of the API key; empty for a browser session"`
	Method        string    `json:"method" doc:"The method that was sent" example:"GET"`
	Host          string    `json:"host" doc:"The host that was called"`
	Path          string    `json:"path" doc:"The path, without the query"`
	Status        int       `json:"status" doc:"What the service answered; 0 when it did not answer"`
	Code          string    `json:"code" doc:"The code of Lanyard's own error; empty when the service answered"`
	BytesSent     int64     `json:"bytes_sent" doc:"Bytes of the body that was sent"`
	BytesReceived int64     `json:"bytes_received" doc:"Bytes of the body that was received"`
	DurationMS    int64     `json:"duration_ms" doc:"How long it took, in milliseconds"`
}

func encodeInvocation(v *lanyard.Invocation) invocation {
	return invocation{
		ID: string(v.ID), At: v.At.UTC(), Connection: string(v.Connection), User: string(v.User), Key: string(v.Key),
		Method: v.Method, Host: v.Host, Path: v.Path, Status: v.Status, Code: string(v.Code),
		BytesSent: v.BytesSent, BytesReceived: v.BytesReceived, DurationMS: v.Duration.Milliseconds(),
	}
}

type listInvocationsInput struct {
	Connection string `query:"connection" doc:"Only calls through this connection, by its link name"`
	User       string `query:"user" doc:"Only calls of this user, by id"`
	Page
}

func (a *API) listInvocations(ctx context.Context, c *lanyard.Caller, in *listInvocationsInput) (*answer[list[invocation]], error) {
	filter := store.InvocationFilter{Connection: lanyard.LinkName(in.Connection), User: lanyard.UserID(in.User)}
	records, next, err := a.Invoker.Invocations(ctx, c, filter, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(records, next, encodeInvocation), nil
}

type auditEntry struct {
	ID         string            `json:"id" doc:"Names the entry"`
	At         time.Time         `json:"at" doc:"When it was done"`
	Actor      string            `json:"actor" doc:"The id of the user whose key or session did it; empty for Lanyard itself"`
	OnBehalfOf string            `json:"on_behalf_of" doc:"The id of the user it was done for, where the key acted for another one"`
	Key        string            `json:"key" doc:"The id of the API key; empty for a browser session"`
	Action     string            `json:"action" doc:"What was done" example:"connection.create"`
	Object     string            `json:"object" doc:"The id of what it was done to"`
	ObjectName string            `json:"object_name" doc:"Its link name or e-mail address at the time"`
	Detail     map[string]string `json:"detail" doc:"More about it; never a secret"`
}

func encodeAuditEntry(v *lanyard.AuditEntry) auditEntry {
	detail := v.Detail
	if detail == nil {
		detail = map[string]string{}
	}
	return auditEntry{
		ID: string(v.ID), At: v.At.UTC(), Actor: string(v.Actor), OnBehalfOf: string(v.OnBehalfOf), Key: string(v.Key),
		Action: string(v.Action), Object: v.Object, ObjectName: v.ObjectName, Detail: detail,
	}
}

type listAuditInput struct {
	Action string `query:"action" doc:"Only this action" example:"connection.create"`
	Object string `query:"object" doc:"Only what was done to the thing of this id"`
	Page
}

func (a *API) listAudit(ctx context.Context, c *lanyard.Caller, in *listAuditInput) (*answer[list[auditEntry]], error) {
	filter := store.AuditFilter{Object: in.Object}
	if in.Action != "" {
		filter.Actions = []lanyard.Action{lanyard.Action(in.Action)}
	}
	entries, next, err := a.Accounts.Audit(ctx, c, filter, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(entries, next, encodeAuditEntry), nil
}
