package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rails-on-hetzner/rehearsal/toolchain"
)

// The local bucket: a real S3 server beside the clouds, for off-site backups.
// It ends with the rehearsal.
const (
	bucketAddress   = "198.18.0.1:9000" // on the bridge, where the server reaches it
	bucketName      = "backups"
	bucketAccessKey = "rehearsal"
	bucketSecretKey = "rehearsal-secret-key-0123456789"
)

func startBucket(ctx context.Context, o options) error {
	at, s, err := o.running()
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	server, makeServer := toolchain.Bucket(s.Repository, cache)
	if err := sideBySide(ctx, makeServer); err != nil {
		return err
	}
	if err := os.MkdirAll(at.join("bucket", bucketName), 0o700); err != nil {
		return err
	}
	cmd := s.command(context.WithoutCancel(ctx), at, server, "--port", bucketAddress, "--access", bucketAccessKey, "--secret", bucketSecretKey, "--quiet", "posix", at.join("bucket"))
	log, err := os.Create(filepath.Join(at.logs(), "bucket.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		probe := s.command(ctx, at, "bash", "-c", "exec 3<>/dev/tcp/198.18.0.1/9000")
		probe.Stderr = nil
		if probe.Run() == nil {
			progress(fmt.Sprintf("the server reaches the bucket %q at http://%s with the keys %s and %s", bucketName, bucketAddress, bucketAccessKey, bucketSecretKey))
			return nil
		}
	}
	return errors.New("the bucket's server does not answer; see " + log.Name())
}
