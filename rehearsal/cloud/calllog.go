package cloud

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// Call is one request to either API.
type Call struct {
	Time   time.Time `json:"time"`
	API    string    `json:"api"` // "hetzner" or "cloudflare"
	Method string    `json:"method"`
	Path   string    `json:"path"`   // with its query
	Status int       `json:"status"` // 0: the connection was cut before an answer
	Body   string    `json:"-"`      // of the request, with KeepBodies
}

type callLog struct {
	mutex sync.Mutex
	calls []Call
	file  *os.File
}

func (l *callLog) open(path string) (err error) {
	if path != "" {
		l.file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
	return err
}

func (l *callLog) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

func (l *callLog) add(call Call) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.calls = append(l.calls, call)
	if l.file != nil {
		_ = json.NewEncoder(l.file).Encode(call) // a full disk must not stop the rehearsal
	}
}

// Calls returns every call so far, oldest first.
func (c *Cloud) Calls() []Call {
	c.calls.mutex.Lock()
	defer c.calls.mutex.Unlock()
	return append([]Call{}, c.calls.calls...)
}

// guard logs each call and lets a pending fault answer in the API's place.
func (c *Cloud) guard(api string, routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, body := &statusRecorder{ResponseWriter: w}, &bytes.Buffer{}
		if c.config.KeepBodies {
			r.Body = io.NopCloser(io.TeeReader(r.Body, body))
		}
		// Deferred: a reset connection leaves by panic and is a call all the same.
		defer func() {
			c.calls.add(Call{time.Now(), api, r.Method, r.URL.RequestURI(), answer.status, body.String()})
		}()
		if kind := c.faults.take(api, r); kind != "" {
			c.misbehave(answer, r, api, kind, routes)
			return
		}
		routes.ServeHTTP(answer, r)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
