DROP INDEX `sessions_revoked`;--> statement-breakpoint
ALTER TABLE `sessions` ADD `access_ttl` integer DEFAULT 86400 NOT NULL;--> statement-breakpoint
CREATE INDEX `sessions_revoked_id` ON `sessions` (`revoked_at`,`id`);--> statement-breakpoint
CREATE INDEX `sessions_access_ttl` ON `sessions` (`access_ttl`);