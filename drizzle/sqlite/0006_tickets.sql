CREATE TABLE `tickets` (
	`secret_hash` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`user_id` text,
	`session_id` text,
	`credential_version` integer,
	`code_hash` text,
	`attempts` integer DEFAULT 0 NOT NULL,
	`data` text,
	`client` text,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `tickets_client` ON `tickets` (`client`,`expires_at`);--> statement-breakpoint
CREATE INDEX `tickets_expires` ON `tickets` (`expires_at`);--> statement-breakpoint
ALTER TABLE `users` ADD `credential_version` integer DEFAULT 0 NOT NULL;