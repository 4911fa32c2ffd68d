CREATE TABLE `mail_counts` (
	`key` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `mail_counts_expires` ON `mail_counts` (`expires_at`);--> statement-breakpoint
CREATE TABLE `verified_emails` (
	`user_id` text PRIMARY KEY NOT NULL,
	`email_key` text NOT NULL,
	`verified_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
