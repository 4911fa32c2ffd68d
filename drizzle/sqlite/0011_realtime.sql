CREATE TABLE `channels` (
	`name` text PRIMARY KEY NOT NULL,
	`user_id` text,
	`last_seq` integer NOT NULL,
	`first_seq` integer DEFAULT 1 NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `channels_user` ON `channels` (`user_id`);--> statement-breakpoint
CREATE INDEX `channels_updated` ON `channels` (`updated_at`);--> statement-breakpoint
CREATE TABLE `messages` (
	`channel` text NOT NULL,
	`seq` integer NOT NULL,
	`type` text NOT NULL,
	`data` text NOT NULL,
	`user_id` text,
	`created_at` integer NOT NULL,
	`read_at` integer,
	PRIMARY KEY(`channel`, `seq`),
	FOREIGN KEY (`channel`) REFERENCES `channels`(`name`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `messages_user` ON `messages` (`user_id`);--> statement-breakpoint
CREATE INDEX `messages_created` ON `messages` (`created_at`);