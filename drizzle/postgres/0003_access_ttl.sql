DROP INDEX "sessions_revoked";--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "access_ttl" integer DEFAULT 86400 NOT NULL;--> statement-breakpoint
CREATE INDEX "sessions_revoked_id" ON "sessions" USING btree ("revoked_at","id");--> statement-breakpoint
CREATE INDEX "sessions_access_ttl" ON "sessions" USING btree ("access_ttl");