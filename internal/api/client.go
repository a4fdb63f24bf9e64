// Package api holds what looking at the clouds' APIs has in common.
package api

import (
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Client asks again, up to three times within some seconds, when it gets no
// answer, when it is told to slow down, or when the API has a fault (429 and
// 5xx). What it is told the last time is what its caller sees.
func Client() *http.Client {
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.RetryMax = 3
	client.RetryWaitMin, client.RetryWaitMax = 500*time.Millisecond, 10*time.Second
	client.HTTPClient.Timeout = 20 * time.Second
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return client.StandardClient()
}
